import * as tf from '@tensorflow/tfjs-core';
import type { ModelOutput } from '../../../src/core/nn/model.ts';
import type { SslContext } from '../../../src/core/plugins/definition.ts';
import type {
  FeatureLoss,
  LandmarkLoss,
  LearningStep,
  LossValue,
  StrategyStep,
} from '../../../src/core/training/strategy.ts';
import { dagLoss } from '../../../src/plugins/losses/dag.ts';
import { jsDivergence } from '../../../src/plugins/losses/js-divergence.ts';

/** Weak to strong views, and the landmarks' change of names. */
export const IDENTITY = [
  [1, 0, 0],
  [0, 1, 0],
];
export const FLIP = [
  [-1, 0, 1],
  [0, 1, 0],
];
export const SHIFT = [
  [1, 0, 0.5],
  [0, 1, 0],
];
export const KEEP = [
  [1, 0],
  [0, 1],
];
export const SWAP = [
  [0, 1],
  [1, 0],
];

const LANDMARKS = 2;
export const [HEIGHT, WIDTH] = [16, 20];

export interface Situation {
  readonly matrices?: number[][][];
  readonly permutations?: number[][][];
  readonly position?: number[];
  readonly scalars?: Record<string, number>;
  readonly memory?: Record<string, tf.Tensor2D>;
  readonly weak?: tf.Tensor4D;
}

/** A step of two labeled and two unlabeled images with two landmarks. */
export function strategyStep({
  matrices = [IDENTITY, IDENTITY],
  permutations = [KEEP, KEEP],
  position = [0, 1],
  scalars = {},
  memory = {},
  weak = tf.zeros([2, HEIGHT, WIDTH, 1]),
}: Situation = {}): StrategyStep {
  return {
    labeled: {
      images: tf.zeros([2, HEIGHT, WIDTH, 1]),
      landmarks: tf.zeros([2, LANDMARKS, 2]),
      present: tf.ones([2, LANDMARKS]),
    },
    unlabeled: {
      weak,
      strong: tf.zeros([2, HEIGHT, WIDTH, 1]),
      weakToStrong: tf.tensor3d(matrices),
      permutation: tf.tensor3d(permutations),
      position: tf.tensor1d(position),
    },
    scalars: Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, tf.scalar(value)])),
    memory,
  };
}

export function outputOf(landmarks: tf.Tensor3D, heatmaps?: tf.Tensor4D): ModelOutput {
  const features = tf.zeros([landmarks.shape[0], 4, 5, 3]) as tf.Tensor4D;
  return { landmarks, trajectory: [landmarks], features, ...(heatmaps && { heatmaps }) };
}

/** Says of labeled images that the landmarks lie at the origin, where they are, and of unlabeled ones what is given. */
export function learningStep(
  step: StrategyStep,
  own: tf.Tensor3D,
  lesson: tf.NamedTensorMap,
  heatmaps?: tf.Tensor4D,
  supervisedLoss: LandmarkLoss = l1Loss(),
): LearningStep {
  const before = (tensor: tf.Tensor) => tf.concat([tf.zeros([2, ...tensor.shape.slice(1)]), tensor]);
  const output = outputOf(
    before(own) as tf.Tensor3D,
    heatmaps === undefined ? undefined : (before(heatmaps) as tf.Tensor4D),
  );
  return { ...step, lesson, supervisedLoss, student: () => output, features: () => output.features };
}

/** The L1 distance of the landmarks. */
export function l1Loss(): LandmarkLoss {
  const options = { globalWeight: 0, localWeight: 1, margin: 0, deepSupervision: 0 };
  return dagLoss.create(options, {}) as LandmarkLoss;
}

/** For strategies that use no losses but the supervised one, or the JS divergence. */
export const context: SslContext = {
  landmarkLoss: l1Loss,
  featureLoss: () =>
    jsDivergence.create(
      { over: 'space', at: 'everywhere', normalise: 'none', temperature: 1 },
      {},
    ) as FeatureLoss,
};

export function read({ total, parts }: LossValue): { total: number; parts: Record<string, number> } {
  const value = (tensor: tf.Tensor) => tensor.dataSync()[0]!;
  const named = Object.entries(parts).map(([name, part]) => [name, value(part)]);
  return { total: value(total), parts: Object.fromEntries(named) };
}

/** For strategies that are not to ask a network. */
export function unasked(): never {
  throw new Error('this network must not be asked');
}

export function landmarksAt(...coordinates: number[]): tf.Tensor3D {
  return tf.tensor3d(coordinates, [coordinates.length / (2 * LANDMARKS), LANDMARKS, 2]);
}
