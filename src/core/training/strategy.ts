import type { NamedTensorMap, Scalar, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import type { ModelOutput } from '../nn/model.ts';

/** Labeled images under augmentation. Shapes: `[batch, H, W, 1]`, `[batch, landmarks, 2]`, `[batch, landmarks]`. */
export interface LabeledBatch {
  readonly images: Tensor4D;
  readonly landmarks: Tensor3D;
  /** 1 where the landmark is labeled, 0 where it is missing. */
  readonly present: Tensor2D;
}

/** The same unlabeled images twice: weakly augmented for the teacher, strongly for the student. */
export interface UnlabeledBatch {
  readonly weak: Tensor4D;
  readonly strong: Tensor4D;
  /** `[batch, 2, 3]`: carries a point of the weak view, in [0, 1], to the strong view. */
  readonly weakToStrong: Tensor3D;
  /** `[batch, landmarks, landmarks]`: row i has its 1 at the weak-view landmark that is landmark i of the strong view. */
  readonly permutation: Tensor3D;
}

/** What a loss over landmarks may look at: a scalar that grows as the output departs from the targets. */
export interface LandmarkLoss {
  readonly compares: 'landmarks';
  /** @param weight `[batch, landmarks]`, 0 leaves a landmark out. @returns named parts and their weighted sum. */
  evaluate(output: ModelOutput, targets: Tensor3D, weight: Tensor2D): LossValue;
}

/** A distance between two feature maps `[batch, h, w, channels]` of which the second gives no gradient. */
export interface FeatureLoss {
  readonly compares: 'features';
  /** @param valid `[batch, h, w, 1]`, 1 where the second map is known. */
  evaluate(student: Tensor4D, teacher: Tensor4D, valid: Tensor4D): Scalar;
}

export type Loss = LandmarkLoss | FeatureLoss;

export interface LossValue {
  readonly total: Scalar;
  /** For logging, e.g. `local`, `global`, `ssl`, `js`: unweighted. */
  readonly parts: Readonly<Record<string, Scalar>>;
}

/** What a strategy works with inside one step. Everything is a tensor or a pure function of tensors. */
export interface StrategyStep {
  readonly labeled: LabeledBatch;
  /** Present when the strategy uses unlabeled images. */
  readonly unlabeled?: UnlabeledBatch;
  /** The values of `scalars()` for this step. */
  readonly scalars: Readonly<Record<string, Scalar>>;
}

export interface TeachingStep extends StrategyStep {
  /** The teacher in inference mode. */
  teacher(images: Tensor4D): ModelOutput;
}

export interface LearningStep extends StrategyStep {
  /** What `teach` gave. */
  readonly lesson: NamedTensorMap;
  /** The recipe's supervised loss. */
  readonly supervisedLoss: LandmarkLoss;
  /** The student in training mode. Batch norm sees what is passed in one call as one batch. */
  student(images: Tensor4D): ModelOutput;
}

/** How labeled and unlabeled images make one loss. */
export interface SslStrategy {
  readonly usesUnlabeled: boolean;
  /** Weights that change over the stage, computed on the host. `progress` is step / steps, in [0, 1]. */
  scalars(progress: number): Readonly<Record<string, number>>;
  /** What the student is to learn from, beyond labels: computed first and without gradient. */
  teach(step: TeachingStep): NamedTensorMap;
  /** The loss whose gradient moves the student. */
  loss(step: LearningStep): LossValue;
}
