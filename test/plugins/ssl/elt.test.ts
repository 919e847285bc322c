import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { landmarksIntoStrongView } from '../../../src/core/training/view-change.ts';
import { elt } from '../../../src/plugins/ssl/elt.ts';
import { ENGINES } from '../../support/engines.ts';
import {
  context,
  FLIP,
  KEEP,
  l1Loss,
  landmarksAt,
  outputOf,
  SHIFT,
  SWAP,
  strategyStep,
  unasked,
} from './strategy-steps.ts';

const strategy = elt.create({ weight: 1 }, context);
const WEAK = [0.2, 0.3, 0.7, 0.4, 0.2, 0.3, 0.7, 0.4];

describe.each(ENGINES)('equivariant landmark transformation on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  const step = () =>
    strategyStep({ matrices: [FLIP, SHIFT], permutations: [SWAP, KEEP], scalars: { equivariance: 1 } });

  it('costs an equivariant network nothing, and is at full weight from the first step on', () => {
    const carried = landmarksIntoStrongView(landmarksAt(...WEAK), step().unlabeled!);
    expect(equivariance(carried).dataSync()[0]).toBeCloseTo(0, 6);
    expect(strategy.scalars({ done: 0, epoch: 0 })).toEqual({ equivariance: 1 });
    expect(strategy.teach({ ...step(), teacher: unasked, origin: unasked })).toEqual({});
  });

  it('moves both the landmarks of the image and those of the transformed image', () => {
    const carried = landmarksIntoStrongView(landmarksAt(...WEAK), step().unlabeled!);
    const off = tf.add(carried, [0.05, 0]) as tf.Tensor3D;
    const [byPlain, byTransformed] = tf.grads((plain, transformed) =>
      equivariance(transformed as tf.Tensor3D, plain as tf.Tensor3D),
    )([landmarksAt(...WEAK), off]);
    // Three of four landmarks are in view. The mirror turns the direction, and exchanges the two.
    const slope = (2 * 0.05) / 0.02 / 3;
    const x = (gradient: tf.Tensor) => tf.slice(gradient, [0, 0, 0], [2, 2, 1]).dataSync();
    for (const [i, value] of [slope, slope, slope, 0].entries()) {
      expect(x(byTransformed!)[i]).toBeCloseTo(value, 3);
    }
    for (const [i, value] of [slope, slope, -slope, 0].entries()) {
      expect(x(byPlain!)[i]).toBeCloseTo(value, 3);
    }
  });
});

function equivariance(transformed: tf.Tensor3D, plain = landmarksAt(...WEAK)): tf.Scalar {
  const step = strategyStep({
    matrices: [FLIP, SHIFT],
    permutations: [SWAP, KEEP],
    scalars: { equivariance: 1 },
  });
  const output = outputOf(tf.concat([tf.zeros([2, 2, 2]), plain, transformed]) as tf.Tensor3D);
  return strategy.loss({
    ...step,
    lesson: {},
    supervisedLoss: l1Loss(),
    student: () => output,
    features: () => output.features,
  }).total;
}
