import { conv2d, grads, image, type Tensor, type Tensor4D, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../../../src/core/engine/engine.ts';
import { openNative } from '../../../../src/core/engine/native/native-engine.ts';
import { batchNormTraining } from '../../../../src/core/engine/ops/batch-norm.ts';
import { EngineError } from '../../../../src/core/errors.ts';
import { Random } from '../../../../src/core/random.ts';
import { nativeIsMissing, openTestNative } from './open-native.ts';

describe.skipIf(nativeIsMissing)('native engine', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openTestNative();
  });

  test('says which TensorFlow runs, and where', () => {
    expect(engine?.name).toBe('native');
    expect(engine.description).toMatch(/^TensorFlow 2\.\d+\.\d+, CPU, 2 threads$/);
  });

  test('a binding that does not load is an error with a way out', async () => {
    const broken = openNative({
      binding: { path: '/nowhere/tfjs_binding.node', variant: 'cpu' },
      reason: 'test',
    });
    await expect(broken).rejects.toThrow(EngineError);
    await expect(broken).rejects.toMatchObject({ code: 'FSX_ENGINE_NATIVE_LOAD' });
  });

  test('batch norm gives the unbiased variance that PyTorch keeps', () => {
    const x = tensor([1, 2, 3, 6], [1, 2, 2, 1]) as Tensor4D;
    const { mean, variance } = batchNormTraining(x, tensor([1]), tensor([0]), 1e-5);
    expect(mean.dataSync()[0]).toBeCloseTo(3, 6);
    expect(variance.dataSync()[0]).toBeCloseTo(14 / 3, 5);
  });

  test('an image transform moves pixels as TensorFlow defines it', () => {
    const pixels = tensor([1, 2, 3, 4], [1, 2, 2, 1]) as Tensor4D;
    const shift = tensor([1, 0, 1, 0, 1, 0, 0, 0], [1, 8]) as never;
    const moved = image.transform(pixels, shift, 'nearest', 'constant', 9);
    expect(Array.from(moved.dataSync())).toEqual([2, 9, 4, 9]);
  });

  test('the same training step gives the same bits every time', () => {
    const random = new Random(3);
    const draw = (shape: number[]) =>
      tensor(
        Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
        shape,
      );
    const [x, w, scale, offset] = [draw([2, 64, 64, 16]), draw([3, 3, 16, 24]), draw([24]), draw([24])];
    const step = grads((x: Tensor, w: Tensor, scale: Tensor, offset: Tensor) => {
      const y = conv2d(x as Tensor4D, w as Tensor4D, 2, 1);
      return batchNormTraining(y, scale, offset, 1e-5).output.relu().resizeBilinear([64, 64]).square().sum();
    });
    const bits = () =>
      tidy(() =>
        step([x, w, scale, offset]).map((g) => Buffer.from(g.dataSync().slice().buffer).toString('base64')),
      );
    const first = bits();
    for (let repetition = 0; repetition < 5; repetition++) expect(bits()).toEqual(first);
  });
});
