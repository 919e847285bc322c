import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Point } from '../../../src/core/data/dataset.ts';
import { IDENTITY as UNMOVED } from '../../../src/core/data/geometry.ts';
import type { FeatureLoss, LandmarkLoss, StrategyStep } from '../../../src/core/training/strategy.ts';
import { dagLoss } from '../../../src/plugins/losses/dag.ts';
import { jsDivergence } from '../../../src/plugins/losses/js-divergence.ts';
import { fewShotDag } from '../../../src/plugins/ssl/few-shot-dag.ts';
import { LANDMARKS, scene } from '../../core/matching/scene.ts';
import { ENGINES } from '../../support/engines.ts';
import { expectClose } from '../../support/expect-close.ts';
import { formulaTensor } from '../../support/formula.ts';
import { gaussians } from '../../support/heatmap-parts.ts';
import { FLIP, IDENTITY, KEEP, SHIFT, SWAP } from './strategy-steps.ts';

describe.each(ENGINES)('few-shot DAG on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  it("carries the teacher's landmarks into the strong view, left and right exchanged where it is mirrored", () => {
    const { targets } = lesson([IDENTITY, FLIP], [KEEP, SWAP]);
    // Left (0.2, 0.3) and right (0.7, 0.4): in the mirror image, the right one is at 1 - 0.7 and is now the left.
    expectClose(targets!, [0.2, 0.3, 0.7, 0.4, 0.3, 0.4, 0.8, 0.3], 1e-6);
  });

  it('does not count landmarks that leave the image', () => {
    const { weight } = lesson([IDENTITY, SHIFT], [KEEP, KEEP]);
    expectClose(weight!, [1, 1, 1, 0], 1e-6);
    const away = learn({ matrices: [SHIFT, SHIFT], error: 0.1 });
    const near = learn({ matrices: [IDENTITY, IDENTITY], error: 0.1 });
    expect(away.parts.ssl).toBeCloseTo(0.1, 5);
    expect(near.parts.ssl).toBeCloseTo(0.1, 5);
  });

  it('carries the feature maps along, so that a student that moves with the image has no JS loss', () => {
    const { features, valid } = lesson([IDENTITY, FLIP], [KEEP, SWAP]);
    const maps = teacherFeatures();
    const [first, second] = tf.split(maps, 2);
    expectClose(
      features!,
      [first!, tf.reverse(second!, 2)].map((map) => [...map.dataSync()]),
      1e-5,
    );
    expectClose(valid!, Array(2 * 4 * 5).fill(1), 1e-6);
  });

  it('teaches what the teacher says on average over moved views, by heatmaps where there are some', () => {
    const plain = tf.tensor3d([0.2, 0.3, 0.7, 0.4, 0.2, 0.3, 0.7, 0.4], [2, 2, 2]);
    const teacher = (images: tf.Tensor4D) => {
      const landmarks = tf.tile(plain, [images.shape[0] / 2, 1, 1]) as tf.Tensor3D;
      const features = tf.tile(teacherFeatures(), [images.shape[0] / 2, 1, 1, 1]) as tf.Tensor4D;
      return { landmarks, trajectory: [landmarks], features, heatmaps: gaussians(landmarks, 16, 20, 2) };
    };
    const taught = (views: number) =>
      strategy({ teacherViews: views }).teach({
        ...step([IDENTITY, IDENTITY], [KEEP, KEEP]),
        teacher,
        origin: teacher,
      });
    const [alone, averaged] = [taught(0), taught(3)];
    expectClose(alone.targets!, [...plain.dataSync()], 1e-6);
    // A teacher that says the same of a moved image is pulled to the centre of the motion or away from it.
    const moved = tf.max(tf.abs(tf.sub(averaged.targets!, plain))).dataSync()[0]!;
    expect(moved).toBeGreaterThan(1e-4);
    expect(moved).toBeLessThan(0.02);
    const height = (lesson: tf.NamedTensorMap) => tf.max(lesson.heatmaps!).dataSync()[0]!;
    expect(height(averaged)).toBeLessThan(height(alone));
    expectClose(averaged.features!, [...alone.features!.dataSync()], 1e-6);
  });

  it('weighs its parts, and leaves the JS loss out when its weight is 0', () => {
    const full = learn({ matrices: [IDENTITY, IDENTITY], error: 0.1 });
    expect(full.total).toBeCloseTo(full.parts.local! + full.parts.global! + 2 * 0.1 + 3 * full.parts.js!, 4);
    const without = learn({ matrices: [IDENTITY, IDENTITY], error: 0.1, jsWeight: 0 });
    expect(Object.keys(without.parts)).not.toContain('js');
    expect(without.total).toBeCloseTo(without.parts.local! + without.parts.global! + 2 * 0.1, 5);
    expect(lesson([IDENTITY, FLIP], [KEEP, SWAP], 0).features).toBeUndefined();
  });
});

describe('few-shot DAG with matched targets', () => {
  const matched = strategy({ jsWeight: 0, targets: 'matched' });

  it('looks before the first step where unlabeled images look like the labeled ones, and keeps that', async () => {
    const example = { image: scene(UNMOVED), landmarks: LANDMARKS };
    const moved = scene([1, 0, 5, 0, 1, 2]);
    const found = LANDMARKS.map(([x, y]): Point => [x + 5 - 1, y + 2 + 1]);
    const unlabeled = async function* () {
      yield { image: moved, landmarks: found };
    };
    const { matched: rows } = await matched.survey!({ labeled: [example], unlabeled: unlabeled() });
    expect(Object.keys(matched.memory!(LANDMARKS.length))).toEqual(['matched']);
    const places = LANDMARKS.map(([x, y]) => [(x + 5 + 0.5) / moved.width, (y + 2 + 0.5) / moved.height]);
    expectClose(tf.tensor1d(rows!), places.flat(), 0.5 / moved.height);
  });

  it("learns each image's own landmarks, carried into the strong view", () => {
    const memory = { matched: tf.tensor2d([9, 9, 9, 9, 0.2, 0.3, 0.7, 0.4], [2, 4]) };
    const given = step([FLIP], [SWAP]);
    const position = tf.tensor1d([1]);
    const unlabeled = { ...given.unlabeled!, position };
    const refuse = () => expect.fail('the teacher is not asked');
    const { targets } = matched.teach({ ...given, memory, unlabeled, teacher: refuse, origin: refuse });
    expectClose(targets!, [0.3, 0.4, 0.8, 0.3], 1e-6);
  });
});

describe('the weights of the unlabeled losses', () => {
  it('grow from nearly nothing to their full value', () => {
    const { scalars } = strategy();
    expect(scalars({ done: 0, epoch: 0 }).ssl).toBeCloseTo(2 * Math.exp(-5), 10);
    expect(scalars({ done: 0.2, epoch: 0 }).js).toBeCloseTo(3 * Math.exp(-1.25), 10);
    expect(scalars({ done: 0.4, epoch: 0 })).toEqual({ ssl: 2, js: 3 });
    expect(scalars({ done: 1, epoch: 0 })).toEqual({ ssl: 2, js: 3 });
  });
});

interface Variant {
  readonly jsWeight: number;
  readonly teacherViews: number;
  readonly targets: Targets;
}

type Targets = 'teacher' | 'matched';

function strategy({ jsWeight = 3, teacherViews = 0, targets = 'teacher' as Targets }: Partial<Variant> = {}) {
  const js = jsDivergence.create(
    { over: 'space', at: 'everywhere', normalise: 'none', temperature: 1 },
    {},
  ) as FeatureLoss;
  const featureLoss = { type: 'js-divergence' };
  const matching = { patch: 0.05, reach: 0.03, deviation: 0.015, sharpness: 60 };
  const options = { sslWeight: 2, jsWeight, featureLoss, targets, matching, teacherViews, rampUp: 0.4 };
  return fewShotDag.create(options, { landmarkLoss: () => supervisedLoss(), featureLoss: () => js });
}

function supervisedLoss(): LandmarkLoss {
  const options = { globalWeight: 1, localWeight: 1, margin: 0, deepSupervision: 0 };
  return dagLoss.create(options, {}) as LandmarkLoss;
}

function step(matrices: number[][][], permutations: number[][][]): StrategyStep {
  const images = tf.zeros([2, 16, 20, 1]) as tf.Tensor4D;
  return {
    labeled: { images, landmarks: tf.zeros([2, 2, 2]), present: tf.ones([2, 2]) },
    unlabeled: {
      weak: images,
      strong: images,
      weakToStrong: tf.tensor3d(matrices),
      permutation: tf.tensor3d(permutations),
      position: tf.tensor1d([0, 1]),
    },
    memory: {},
    scalars: { ssl: tf.scalar(2), js: tf.scalar(3) },
  };
}

function lesson(
  matrices: number[][][],
  permutations: number[][][],
  jsWeight = 3,
): Partial<tf.NamedTensorMap> {
  const landmarks = tf.tensor3d([0.2, 0.3, 0.7, 0.4, 0.2, 0.3, 0.7, 0.4], [2, 2, 2]);
  const output = { landmarks, trajectory: [landmarks], features: teacherFeatures() };
  return strategy({ jsWeight }).teach({
    ...step(matrices, permutations),
    teacher: () => output,
    origin: () => output,
  });
}

/** The loss of a student that is off by `error` along x at every unlabeled landmark that is in the image. */
function learn({
  matrices,
  error,
  jsWeight = 3,
}: {
  matrices: number[][][];
  error: number;
  jsWeight?: number;
}) {
  const permutations = [KEEP, KEEP];
  const taught = lesson(matrices, permutations, jsWeight) as tf.NamedTensorMap;
  const off = tf.tensor3d([error, 0], [1, 1, 2]);
  const far = tf.mul(tf.sub(1, tf.expandDims(taught.weight!, 2)), 100);
  const unlabeled = tf.add(tf.add(taught.targets!, off), far);
  const landmarks = tf.concat([tf.fill([2, 2, 2], 0.25), unlabeled]) as tf.Tensor3D;
  const features = formulaTensor<tf.Tensor4D>('student features', [4, 4, 5, 3]);
  const { total, parts } = strategy({ jsWeight }).loss({
    ...step(matrices, permutations),
    lesson: taught,
    supervisedLoss: supervisedLoss(),
    student: () => ({ landmarks, trajectory: [landmarks], features }),
    features: () => features,
  });
  const read = (tensor: tf.Tensor) => tensor.dataSync()[0]!;
  return {
    total: read(total),
    parts: Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, read(value)])),
  };
}

function teacherFeatures(): tf.Tensor4D {
  return formulaTensor('teacher features', [2, 4, 5, 3]);
}
