import { rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join, relative } from 'node:path';
import { EngineError } from '../../errors.ts';
import { BINDING_FILE } from './native-binding.ts';
import { nativeSources } from './native-sources.ts';
import { LOADED_FILE, QUIET_LOADER_SOURCE } from './quiet-loader.ts';
import { diskFull, isDiskFull, lastLine } from './tool-failure.ts';
import { runCommand, type ToolCommand } from './toolchain.ts';

export interface CompileFolders {
  /** The package `@tensorflow/tfjs-node-gpu`. */
  readonly tfjsNode: string;
  /** Holds `tensorflow` with its libraries: a sibling of `target`, and to be one wherever `target` is moved. */
  readonly libraries: string;
  /** Holds `tensorflow/include`. */
  readonly headers: string;
  readonly target: string;
}

/** What `native/binding.cc` puts itself before: TensorFlow's own function is then called from there. */
const WRAPPED = ['TFE_NewContextOptions', 'TFE_NewContext'];

/**
 * Compiles the package's binding, fsx's own ops and what fsx adds to the binding, and the loader that keeps
 * TensorFlow's notice from stderr.
 *
 * @throws EngineError `FSX_ENGINE_COMPILE_FAILED`
 */
export async function compileBinding(compiler: ToolCommand, folders: CompileFolders): Promise<void> {
  const { tfjsNode, libraries, headers, target } = folders;
  const library = join(libraries, 'tensorflow');
  const sources = [
    join(tfjsNode, 'binding', 'tfjs_backend.cc'),
    join(tfjsNode, 'binding', 'tfjs_binding.cc'),
    ...nativeSources(),
  ];
  const objects = sources.map((source) => join(target, `${basename(source)}.o`));
  const options = [...FAST_MATH, '-w', '-c', '-I', tfjsNode, '-I', join(headers, 'tensorflow', 'include')];
  await Promise.all(
    sources.map((source, index) => compileModule(compiler, objects[index]!, [...options, source])),
  );
  await compileModule(compiler, join(target, LOADED_FILE), [
    ...['-shared', ...objects],
    ...[join(library, 'libtensorflow_cc.so.2'), join(library, 'libtensorflow_framework.so.2')],
    `-Wl,-rpath,$ORIGIN/${relative(target, library)}`,
    ...WRAPPED.map((name) => `-Wl,--wrap=${name}`),
  ]);
  await Promise.all(objects.map((object) => rm(object)));
  await compileQuietLoader(compiler, target);
}

/** Loops become vector code, a product and a sum one instruction; nothing that changes what is NaN or infinite. */
const FAST_MATH = ['-O3', '-ffp-contract=fast', '-fno-math-errno', '-fno-trapping-math'];

/** @throws EngineError `FSX_ENGINE_COMPILE_FAILED` */
export async function compileQuietLoader(compiler: ToolCommand, target: string): Promise<void> {
  const source = join(target, 'quiet-loader.cc');
  await writeFile(source, QUIET_LOADER_SOURCE);
  await compileModule(compiler, join(target, BINDING_FILE), [
    ...['-shared', source],
    '-Wl,-rpath,$ORIGIN',
    '-pthread',
    '-ldl',
  ]);
  await rm(source);
}

async function compileModule(
  compiler: ToolCommand,
  output: string,
  inputs: readonly string[],
): Promise<void> {
  const napi = createRequire(import.meta.url)('node-api-headers') as { include_dir: string };
  const options = ['-O2', '-std=c++17', '-fPIC', '-DNAPI_VERSION=8', '-I', napi.include_dir];
  const result = await runCommand(compiler, [...options, ...inputs, '-o', output]);
  if (result.ok) return;
  if (isDiskFull(result)) throw diskFull();
  const cause = lastLine(result, /^.*error: (.*)$/m);
  throw new EngineError('FSX_ENGINE_COMPILE_FAILED', `the binding does not compile (${cause})`, {
    suggestion: 'use g++ 9 or clang 10 or newer (CXX=…), then `fsx engine install`',
  });
}
