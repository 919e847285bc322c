/**
 * Compiles the kernels in `simd/` to `dist/simd.wasm`. They work on the memory of the backend and must bring nothing of
 * their own into it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));
const OPTIONS = [
  '-O3',
  '--noAssert',
  '--runtime',
  'stub',
  '--use',
  'abort=',
  '--importMemory',
  '--enable',
  'simd',
];

let binary;
const { error, stderr } = await asc.main(
  ['simd/index.ts', '--baseDir', root, '--outFile', 'binary', ...OPTIONS],
  {
    writeFile: (_name, contents) => {
      binary = contents;
    },
  },
);
if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
mkdirSync(join(root, 'dist'), { recursive: true });
writeFileSync(join(root, 'dist', 'simd.wasm'), binary);
