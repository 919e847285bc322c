import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { meanTeacher } from '../../../src/plugins/ssl/mean-teacher.ts';
import { ENGINES } from '../../support/engines.ts';
import { gaussians } from '../../support/heatmap-parts.ts';
import {
  context,
  FLIP,
  IDENTITY,
  KEEP,
  landmarksAt,
  learningStep,
  outputOf,
  read,
  SHIFT,
  SWAP,
  strategyStep,
  unasked,
} from './strategy-steps.ts';

const strategy = meanTeacher.create({ weight: 3, rampUp: 0.4 }, context);
const TAUGHT = [0.2, 0.3, 0.7, 0.4, 0.2, 0.3, 0.7, 0.4];

describe.each(ENGINES)('mean teacher on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  it("pulls by the square of the distance to the teacher's landmarks, in units of two hundredths", () => {
    expect(consistency(0)).toBeCloseTo(0, 6);
    expect(consistency(0.01)).toBeCloseTo(0.01 ** 2 / 0.02, 5);
    expect(consistency(0.04)).toBeCloseTo(0.04 ** 2 / 0.02, 5);
  });

  it('weighs it, and grows its weight along the ramp', () => {
    const { total, parts } = learn({ error: 0.04 });
    expect(total).toBeCloseTo(parts.local! + 3 * parts.consistency!, 5);
    expect(strategy.scalars({ done: 0, epoch: 0 }).consistency).toBeCloseTo(3 * Math.exp(-5), 10);
    expect(strategy.scalars({ done: 0.5, epoch: 0 }).consistency).toBe(3);
  });

  it("compares heatmaps where the head offers them, the teacher's carried along and renamed by the augmentation", () => {
    const here = landmarksAt(...TAUGHT);
    const mirrored = landmarksAt(0.2, 0.3, 0.7, 0.4, 0.3, 0.4, 0.8, 0.3);
    expect(heatmapConsistency(here, mirrored)).toBeLessThan(1e-3);
    expect(heatmapConsistency(here, here)).toBeGreaterThan(0.05);
  });

  it('counts peaks a little apart as much as landmarks that far apart', () => {
    const [here, beside] = [TAUGHT, TAUGHT.map((value, i) => (i % 2 === 0 ? value + 0.01 : value))];
    const lesson = teach(tf.tensor3d(here, [2, 2, 2]), [IDENTITY, IDENTITY], [KEEP, KEEP]);
    const own = tf.tensor3d(beside, [2, 2, 2]);
    const step = strategyStep({ scalars: { consistency: 3 } });
    const found = read(strategy.loss(learningStep(step, own, lesson, gaussians(own, 32, 40, 2))));
    // Along the longer side of the map; and Gaussians differ by their distance alone to first order only.
    expect(found.parts.consistency! / ((0.01 ** 2 / 0.02) * (40 / 32))).toBeCloseTo(1, 1);
  });

  it('does not count heatmaps of landmarks that left the view, nor places that the teacher did not see', () => {
    const lesson = teach(landmarksAt(...TAUGHT), [SHIFT, SHIFT], [KEEP, KEEP]);
    const nothing = tf.zeros([2, 32, 40, 2]) as tf.Tensor4D;
    const step = strategyStep({ scalars: { consistency: 3 } });
    const own = landmarksAt(...TAUGHT);
    const inConsistency = (heatmaps: tf.Tensor4D) =>
      read(strategy.loss(learningStep(step, own, lesson, heatmaps))).parts.consistency!;
    const before = inConsistency(nothing);
    const elsewhere = tf.concat([tf.ones([2, 32, 20, 2]), tf.zeros([2, 32, 20, 2])], 2) as tf.Tensor4D;
    expect(inConsistency(elsewhere)).toBeCloseTo(before, 6);
    const ofTheOther = tf.concat([tf.zeros([2, 32, 40, 1]), tf.ones([2, 32, 40, 1])], 3) as tf.Tensor4D;
    expect(inConsistency(ofTheOther)).toBeCloseTo(before, 6);
  });
});

function consistency(error: number): number {
  return learn({ error }).parts.consistency!;
}

/** The loss of a student that is off along x. */
function learn({ error }: { error: number }) {
  const step = strategyStep({
    matrices: [IDENTITY, FLIP],
    permutations: [KEEP, SWAP],
    scalars: { consistency: 3 },
  });
  const teacher = () => outputOf(landmarksAt(...TAUGHT));
  const lesson = strategy.teach({ ...step, teacher, origin: unasked });
  const own = tf.add(lesson.targets!, [error, 0]) as tf.Tensor3D;
  return read(strategy.loss(learningStep(step, own, lesson)));
}

function teach(points: tf.Tensor3D, matrices: number[][][], permutations: number[][][]): tf.NamedTensorMap {
  const teacher = () => outputOf(points, gaussians(points, 32, 40, 2));
  return strategy.teach({ ...strategyStep({ matrices, permutations }), teacher, origin: unasked });
}

function heatmapConsistency(teacher: tf.Tensor3D, student: tf.Tensor3D): number {
  const lesson = teach(teacher, [IDENTITY, FLIP], [KEEP, SWAP]);
  const step = strategyStep({ scalars: { consistency: 3 } });
  const heatmaps = gaussians(student, 32, 40, 2);
  return read(strategy.loss(learningStep(step, student, lesson, heatmaps))).parts.consistency!;
}
