/**
 * Compiles the kernels in `simd/` to `dist/simd.wasm`, and to `dist/simd-shared.wasm` for a memory that threads share.
 * Both work on the memory of the backend and must bring nothing of their own into it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));

const OPTIONS = ['-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort=', '--importMemory'];
const ALONE = ['--enable', 'simd'];
/** At most 4 GB, as the threaded backend says of its memory. */
const SHARED = [
  '--enable',
  'simd,threads',
  '--sharedMemory',
  '--initialMemory',
  '1',
  '--maximumMemory',
  '65536',
];

await compile('simd.wasm', ALONE);
await compile('simd-shared.wasm', SHARED);

async function compile(name, options) {
  const { error, stderr, binary } = await run([...OPTIONS, ...options]);
  if (error) throw new Error(`${name}: ${error.message}\n${stderr}`);
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(join(root, 'dist', name), binary);
}

async function run(options) {
  let binary;
  const result = await asc.main(['simd/index.ts', '--baseDir', root, '--outFile', 'binary', ...options], {
    writeFile: (_name, contents) => {
      binary = contents;
    },
  });
  return { error: result.error, stderr: result.stderr.toString(), binary };
}
