import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { openWasm } from '../../../src/core/engine/wasm/wasm-engine.ts';
import { l1Distance, squaredDistance, weightedMean } from '../../../src/core/training/landmark-distance.ts';
import { expectClose } from '../../support/expect-close.ts';

beforeAll(async () => {
  await openWasm({ reason: 'test' });
});

it('the distance of two landmarks is the sum over both axes', () => {
  const distance = l1Distance(tf.tensor3d([0.1, 0.9, 0.5, 0.5], [1, 2, 2]), tf.zeros([1, 2, 2]));
  expect(distance.shape).toEqual([1, 2]);
  expectClose(distance, [1, 1], 1e-6);
});

it('a squared distance is as steep as a distance at a hundredth of the image', () => {
  const along = (x: number) => tf.tensor3d([x, 0], [1, 1, 2]);
  const slope = (by: typeof l1Distance) =>
    tf
      .grad((x) => tf.sum(by(x as tf.Tensor3D, tf.zeros([1, 1, 2]))))(along(0.01))
      .dataSync()[0]!;
  expect(slope(squaredDistance)).toBeCloseTo(slope(l1Distance), 5);
  expectClose(squaredDistance(tf.tensor3d([0.03, 0.04], [1, 1, 2]), tf.zeros([1, 1, 2])), [0.125], 1e-6);
});

it('missing landmarks do not count, and a batch without any has no loss', () => {
  const values = tf.tensor2d([[1, 2, 30]]);
  expect(weightedMean(values, tf.tensor2d([[1, 1, 0]])).dataSync()[0]).toBeCloseTo(1.5, 6);
  expect(weightedMean(values, tf.zeros([1, 3])).dataSync()[0]).toBe(0);
});
