import { mul, registerGradient, type Tensor, unregisterGradient } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { examine } from '../../../../src/core/engine/doctor/doctor.ts';
import { checkGpus, checkMemory, checkNode } from '../../../../src/core/engine/doctor/machine-checks.ts';

test('the doctor trains on wasm and finds it healthy', async () => {
  const checks = await examine('wasm');
  expect(checks.filter((check) => check.status === 'failed' && check.name !== 'free memory')).toEqual([]);
  expect(checks.map((check) => check.name)).toEqual(
    expect.arrayContaining(['Node.js', 'device', 'gradients', 'training', 'tensor count']),
  );
});

test('an engine whose ReLU gradient is wrong is found out', async () => {
  const { checkTraining } = await import('../../../../src/core/engine/doctor/training-checks.ts');
  unregisterGradient('Relu');
  registerGradient({ kernelName: 'Relu', gradFunc: (dy) => ({ x: () => mul(dy as Tensor, 0.5) }) });
  const checks = await checkTraining();
  expect(checks.find((check) => check.name === 'gradients')).toMatchObject({ status: 'failed' });
});

test('a machine that falls short is told how to fix it', () => {
  expect(checkNode('20.18.1')).toMatchObject({ status: 'failed', fix: 'install Node.js 20.19 or newer' });
  expect(checkNode('24.0.0').status).toBe('ok');
  expect(checkMemory(1e9)).toMatchObject({ status: 'failed', detail: '1000 MB of 2000 MB' });
});

test('GPUs are told of in each case', () => {
  const gpu = { index: '0', uuid: 'GPU-aa', name: 'NVIDIA L4', memoryMegabytes: 23034, driver: '535.104' };
  const none = { gpus: [], problem: 'no NVIDIA driver is installed' };
  expect(checkGpus('cuda', { gpus: [gpu] })[0]?.detail).toBe('0: NVIDIA L4, 23034 MB, driver 535.104');
  expect(checkGpus('cuda', none)).toMatchObject([
    { status: 'ok', detail: 'none, since no NVIDIA driver is installed' },
  ]);
  expect(checkGpus('cpu', { gpus: [gpu] })[0]?.detail).toContain('fsx engine install --cuda');
  expect(checkGpus('cpu', none)).toEqual([]);
});
