import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { extractHeaders, extractLibraries } from '../../../../src/core/engine/provisioning/libraries.ts';

const hasPython = process.platform === 'linux' && spawnSync('python3', ['--version']).status === 0;

/** Writes a wheel whose files hold their own names. */
const MAKE_WHEEL = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as archive:
    for name in sys.argv[2:]:
        archive.writestr(name, name)
`;

describe.runIf(hasPython)('what is taken out of wheels', () => {
  let folder: string;
  let target: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fsx wheels '));
    target = join(folder, 'target');
    mkdirSync(target);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function wheel(name: string, ...files: string[]): void {
    const { status, stderr } = spawnSync('python3', ['-c', MAKE_WHEEL, join(folder, name), ...files]);
    expect(status, String(stderr)).toBe(0);
  }
  const extract = () => extractLibraries(['python3'], folder, target);

  test('is the libraries, and the headers in one file that gives them back', async () => {
    const header = 'tensorflow/include/tensorflow/c/c_api.h';
    wheel('t.whl', 'tensorflow/libtensorflow_cc.so.2', 'tensorflow/python/keras.so', header);
    await extract();
    expect(readdirSync(target, { recursive: true }).sort()).toEqual([
      'headers.zip',
      'tensorflow',
      'tensorflow/libtensorflow_cc.so.2',
    ]);
    const headers = join(folder, 'headers');
    await extractHeaders(['python3'], target, headers);
    expect(readFileSync(join(headers, header), 'utf8')).toBe(header);
  });

  test('of CUDA, is also the compiler that TensorFlow starts, which can be started', async () => {
    wheel(
      'n.whl',
      'nvidia/cuda_nvcc/bin/ptxas',
      'nvidia/cublas/lib/libcublas.so.12',
      'nvidia/cusolver/lib/libcusolver.so.11',
      'nvidia/nvjitlink/lib/libnvJitLink.so.12',
    );
    await extract();
    accessSync(join(target, 'nvidia/cuda_nvcc/bin/ptxas'), constants.X_OK);
  });

  test('of CUDA, is found where TensorFlow looks', async () => {
    const solver = 'nvidia/cusolver/lib/libcusolver.so.11';
    wheel('n.whl', 'nvidia/cublas/lib/libcublas.so.12', solver, 'nvidia/nvjitlink/lib/libnvJitLink.so.12');
    await extract();
    expect(readFileSync(join(target, 'nvidia/cublas/lib/libcusolver.so.11'), 'utf8')).toBe(solver);
  });
});
