import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { listedGpus, surveyGpus, visibleDevice } from '../../../src/core/engine/gpus.ts';
import { EXIT_CODES } from '../../../src/core/errors.ts';

describe('the device that TensorFlow is shown', () => {
  test('is the first GPU unless another is chosen, since TensorFlow takes hold of all it sees', () => {
    expect(visibleDevice(undefined, {})).toBe('0');
    expect(visibleDevice('gpu', {})).toBe('0');
    expect(visibleDevice('gpu:2', {})).toBe('2');
  });

  test('is counted among those that CUDA_VISIBLE_DEVICES leaves', () => {
    const environment = { CUDA_VISIBLE_DEVICES: '5, GPU-8932f937' };
    expect(visibleDevice(undefined, environment)).toBe('5');
    expect(visibleDevice('gpu:1', environment)).toBe('GPU-8932f937');
  });

  test('is no GPU where the processor is chosen or all are hidden', () => {
    expect(visibleDevice('cpu', {})).toBe('-1');
    expect(visibleDevice(undefined, { CUDA_VISIBLE_DEVICES: '' })).toBe('-1');
    expect(visibleDevice(undefined, { CUDA_VISIBLE_DEVICES: '-1' })).toBe('-1');
  });

  test('a GPU that is hidden cannot be chosen', () => {
    expect(() => visibleDevice('gpu:1', { CUDA_VISIBLE_DEVICES: '3' })).toThrow(
      expect.objectContaining({
        code: 'FSX_ENGINE_NO_GPU',
        exitCode: EXIT_CODES.engine,
        message: 'there is no gpu:1: CUDA_VISIBLE_DEVICES lists 1',
      }),
    );
    expect(() => visibleDevice('gpu', { CUDA_VISIBLE_DEVICES: '' })).toThrow('lists none');
  });

  test('an unset list is not an empty one', () => {
    expect(listedGpus({})).toBeUndefined();
    expect(listedGpus({ CUDA_VISIBLE_DEVICES: '' })).toEqual([]);
  });
});

describe.skipIf(process.platform === 'win32')("what the driver's tool says", () => {
  let tools: string;
  beforeEach(() => {
    tools = mkdtempSync(join(tmpdir(), 'fsx-gpus-'));
    vi.stubEnv('PATH', tools);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(tools, { recursive: true });
  });
  const provide = (script: string) =>
    writeFileSync(join(tools, 'nvidia-smi'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

  test('is a list of GPUs', async () => {
    provide(`echo '0, GPU-aa, NVIDIA A100-SXM4-40GB, 40960, 535.104.05'
echo '1, GPU-bb, NVIDIA L4, 23034, 535.104.05'`);
    const { gpus, problem } = await surveyGpus();
    expect(problem).toBeUndefined();
    expect(gpus.map(({ name }) => name)).toEqual(['NVIDIA A100-SXM4-40GB', 'NVIDIA L4']);
    expect(gpus[1]).toMatchObject({
      index: '1',
      uuid: 'GPU-bb',
      memoryMegabytes: 23034,
      driver: '535.104.05',
    });
  });

  test('without a driver there is a reason', async () => {
    expect(await surveyGpus()).toEqual({ gpus: [], problem: 'no NVIDIA driver is installed' });
  });

  test('a driver that fails is quoted', async () => {
    provide(
      `echo "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."; echo more; exit 9`,
    );
    const { problem } = await surveyGpus();
    expect(problem).toBe("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.");
  });

  test('a machine with a driver alone has no GPU', async () => {
    provide('echo "No devices were found"');
    expect(await surveyGpus()).toEqual({ gpus: [], problem: 'the NVIDIA driver finds no GPU' });
  });
});
