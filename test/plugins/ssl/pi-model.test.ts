import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ModelOutput } from '../../../src/core/nn/model.ts';
import { piModel } from '../../../src/plugins/ssl/pi-model.ts';
import { ENGINES } from '../../support/engines.ts';
import { gaussians } from '../../support/heatmap-parts.ts';
import {
  context,
  FLIP,
  IDENTITY,
  KEEP,
  l1Loss,
  outputOf,
  SWAP,
  strategyStep,
  unasked,
} from './strategy-steps.ts';

const strategy = piModel.create({ weight: 3, rampUp: 0.4 }, context);
const step = () =>
  strategyStep({
    matrices: [IDENTITY, FLIP],
    permutations: [KEEP, SWAP],
    scalars: { consistency: 3 },
  });
/** Of the two labeled images, and of the two unlabeled ones seen weakly, and strongly. */
const LABELED = [0, 0, 0, 0, 0, 0, 0, 0];
const WEAK = [0.2, 0.3, 0.7, 0.4, 0.2, 0.3, 0.7, 0.4];
const STRONG = [0.25, 0.3, 0.75, 0.4, 0.3, 0.45, 0.8, 0.35];
const SAYS = tf.util.flatten([LABELED, WEAK, STRONG]) as number[];

describe.each(ENGINES)('the pi-model on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  it('asks no teacher, and looks at labeled and both unlabeled views in one pass', () => {
    expect(strategy.teach({ ...step(), teacher: unasked, origin: unasked })).toEqual({});
    const seen: number[] = [];
    loss((images) => {
      seen.push(images.shape[0]);
      return outputOf(tf.tensor3d(SAYS, [6, 2, 2]));
    });
    expect(seen).toEqual([6]);
  });

  it('learns landmarks through both passes, each towards the other', () => {
    const gradient = tf.grad((landmarks) => loss(() => outputOf(landmarks as tf.Tensor3D)).total)(
      tf.tensor3d(SAYS, [6, 2, 2]),
    );
    // Weight 3, a mean over four landmarks of Δ² / 0.02 with Δ = 0.05.
    const slope = 3.75;
    const rows = (gradient.arraySync() as number[][][]).slice(2);
    const expected = [
      [
        [-slope, 0],
        [-slope, 0],
      ],
      [
        [0, -slope],
        [0, -slope],
      ],
      [
        [slope, 0],
        [slope, 0],
      ],
      [
        [0, slope],
        [0, slope],
      ],
    ];
    rows.forEach((row, i) => {
      row.forEach((point, j) => {
        point.forEach((value, k) => {
          expect(value, `${i} ${j} ${k}`).toBeCloseTo(expected[i]![j]![k]!, 3);
        });
      });
    });
  });

  it('learns heatmaps through both passes, where the head offers them', () => {
    const landmarks = tf.tensor3d(SAYS, [6, 2, 2]);
    const gradient = tf.grad((heatmaps) => loss(() => outputOf(landmarks, heatmaps as tf.Tensor4D)).total)(
      gaussians(landmarks, 16, 20),
    );
    const sizes = tf.max(tf.abs(gradient), [1, 2]).arraySync() as number[][];
    for (const row of sizes.slice(2)) for (const size of row) expect(size).toBeGreaterThan(1e-4);
    // What is added to one view is taken from the other.
    expect(Math.abs(tf.sum(tf.slice(gradient, [2, 0, 0, 0])).dataSync()[0]!)).toBeLessThan(1e-4);
  });

  it('has nothing to learn from answers that agree', () => {
    const agreeing = [...LABELED, ...WEAK, 0.2, 0.3, 0.7, 0.4, 0.3, 0.4, 0.8, 0.3];
    const { parts } = loss(() => outputOf(tf.tensor3d(agreeing, [6, 2, 2])));
    expect(parts.consistency!.dataSync()[0]).toBeCloseTo(0, 6);
  });
});

function loss(student: (images: tf.Tensor4D) => ModelOutput) {
  const features = () => tf.zeros([6, 4, 5, 3]) as tf.Tensor4D;
  return strategy.loss({ ...step(), lesson: {}, supervisedLoss: l1Loss(), student, features });
}
