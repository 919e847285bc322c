import { readdir, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { EngineError } from '../../errors.ts';
import { BINDING_FILE } from './native-binding.ts';
import { ownOpSources } from './own-ops.ts';
import { LOADED_FILE, QUIET_LOADER_SOURCE } from './quiet-loader.ts';
import { runTool, type ToolResult } from './tool.ts';
import { runCommand, type ToolCommand } from './toolchain.ts';
import { WHEEL_PYTHON_VERSION, type WheelSet } from './wheels.ts';

const BYTES_PER_MEGABYTE = 1e6;

/** @throws EngineError `FSX_ENGINE_DISK_FULL` */
export async function requireDiskSpace(folder: string, megabytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = Math.floor((bavail * bsize) / BYTES_PER_MEGABYTE);
  if (free < megabytes) throw diskFull(`${megabytes} MB are needed in ${folder}, ${free} MB are free`);
}

/**
 * Downloads the wheels into `folder`, each checked against its pinned hash.
 *
 * @param onMegabytes called about once a second with what has arrived.
 * @throws EngineError `FSX_ENGINE_DOWNLOAD_FAILED`
 */
export async function downloadWheels(
  pip: ToolCommand,
  wheels: WheelSet,
  folder: string,
  onMegabytes: (megabytes: number) => void,
): Promise<void> {
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, `${wheels.requirements.join('\n')}\n`);
  const timer = setInterval(async () => onMegabytes(await folderMegabytes(folder)), 1000);
  try {
    const result = await runCommand(pip, pipArguments(wheels, requirements, folder), {
      ...process.env,
      TMPDIR: folder,
    });
    if (!result.ok) throw downloadFailed(result);
  } finally {
    clearInterval(timer);
  }
}

function pipArguments(wheels: WheelSet, requirements: string, folder: string): string[] {
  return [
    ...['download', '--no-deps', '--only-binary=:all:', '--require-hashes', '-r', requirements],
    ...[
      '--implementation',
      'cp',
      '--abi',
      'cp311',
      '--abi',
      'none',
      '--python-version',
      WHEEL_PYTHON_VERSION,
    ],
    ...wheels.platformTags.flatMap((tag) => ['--platform', tag]),
    ...['--dest', folder, '--no-cache-dir', '--progress-bar', 'off', '--no-input'],
    ...['--disable-pip-version-check', '--timeout', '30', '--retries', '2'],
  ];
}

function downloadFailed(result: ToolResult): EngineError {
  if (isDiskFull(result)) return diskFull('the disk is full');
  const network =
    /(NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|SSLError)/;
  const cause = network.test(result.output)
    ? 'the Python package index cannot be reached'
    : lastLine(result, /^ERROR: (.*)$/m);
  return new EngineError('FSX_ENGINE_DOWNLOAD_FAILED', `pip could not download TensorFlow (${cause})`, {
    suggestion: 'check the network (PIP_INDEX_URL, HTTPS_PROXY), then `fsx engine install`',
  });
}

/** Takes the shared libraries, and the headers that the binding and fsx's own ops include, out of the wheels. */
const EXTRACT_SCRIPT = `
import glob, os, re, sys, zipfile
wheels, target = sys.argv[1], sys.argv[2]
wanted = re.compile(
    r'tensorflow/libtensorflow_(cc|framework)\\.so\\.2$'
    r'|tensorflow/include/'
    r'|nvidia/.*/lib/.*\\.so[.0-9]*$'
    r'|nvidia/cuda_nvcc/')
for wheel in glob.glob(os.path.join(wheels, '*.whl')):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target, [name for name in archive.namelist() if wanted.match(name)])
    os.remove(wheel)
`;

/** @throws EngineError `FSX_ENGINE_EXTRACT_FAILED` */
export async function extractLibraries(pip: ToolCommand, folder: string, target: string): Promise<void> {
  const result = await runTool(pip[0], ['-c', EXTRACT_SCRIPT, folder, target]);
  if (result.ok) return;
  if (isDiskFull(result)) throw diskFull('the disk is full');
  throw new EngineError(
    'FSX_ENGINE_EXTRACT_FAILED',
    `TensorFlow could not be unpacked (${lastLine(result)})`,
  );
}

/**
 * Compiles the package's binding and fsx's own ops against the libraries in `target/tensorflow`, to be found beside the
 * binding wherever `target` is moved, and the loader that keeps TensorFlow's notice from stderr. Removes the headers.
 *
 * @throws EngineError `FSX_ENGINE_COMPILE_FAILED`
 */
export async function compileBinding(compiler: ToolCommand, tfjsNode: string, target: string): Promise<void> {
  const library = join(target, 'tensorflow');
  const sources = [
    join(tfjsNode, 'binding', 'tfjs_backend.cc'),
    join(tfjsNode, 'binding', 'tfjs_binding.cc'),
    ...ownOpSources(),
  ];
  const objects = sources.map((source) => join(target, `${basename(source)}.o`));
  const options = [...FAST_MATH, '-w', '-c', '-I', tfjsNode, '-I', join(library, 'include')];
  await Promise.all(
    sources.map((source, index) => compileModule(compiler, objects[index]!, [...options, source])),
  );
  await compileModule(compiler, join(target, LOADED_FILE), [
    ...['-shared', ...objects],
    ...[join(library, 'libtensorflow_cc.so.2'), join(library, 'libtensorflow_framework.so.2')],
    '-Wl,-rpath,$ORIGIN/tensorflow',
  ]);
  await Promise.all(objects.map((object) => rm(object)));
  await rm(join(library, 'include'), { recursive: true });
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
  if (isDiskFull(result)) throw diskFull('the disk is full');
  const cause = lastLine(result, /^.*error: (.*)$/m);
  throw new EngineError('FSX_ENGINE_COMPILE_FAILED', `the binding does not compile (${cause})`, {
    suggestion: 'use g++ 9 or clang 10 or newer (CXX=…), then `fsx engine install`',
  });
}

/**
 * Loads the binding in a process of its own: a library that this machine cannot run ends that process alone.
 *
 * @returns the version that TensorFlow reports.
 * @throws EngineError `FSX_ENGINE_BINDING_BROKEN`
 */
export async function checkBinding(path: string): Promise<string> {
  const result = await runTool(
    process.execPath,
    ['-e', 'console.log("TensorFlow", require(process.argv[1]).TF_Version)', path],
    { env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' } },
  );
  const version = /^TensorFlow (.+)$/m.exec(result.output)?.[1];
  if (result.ok && version) return version;
  const cause =
    result.signal === 'SIGILL'
      ? 'this processor lacks instructions that TensorFlow needs'
      : (result.signal ?? lastLine(result, /^Error: (.*)$/m));
  throw new EngineError('FSX_ENGINE_BINDING_BROKEN', `TensorFlow does not load here (${cause})`, {
    suggestion: 'use `--engine wasm` on this machine',
  });
}

function diskFull(message: string): EngineError {
  return new EngineError('FSX_ENGINE_DISK_FULL', message, {
    suggestion: 'free some space or set FSX_CACHE to a folder on another disk, then `fsx engine install`',
  });
}

function isDiskFull(result: ToolResult): boolean {
  return !result.ok && /No space left on device|Disk quota exceeded/.test(result.output);
}

/** The first line that matches, else the last line that says anything. */
function lastLine(result: ToolResult, pattern?: RegExp): string {
  const match = pattern?.exec(result.output)?.[1];
  if (match) return match.trim();
  const lines = result.output.split('\n').filter((line) => line.trim() !== '');
  return (lines.at(-1) ?? 'it said nothing').trim();
}

async function folderMegabytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (entry) => (entry.isFile() ? entry.size : 0),
        () => 0,
      ),
    ),
  );
  return Math.round(sizes.reduce((sum, size) => sum + size, 0) / BYTES_PER_MEGABYTE);
}
