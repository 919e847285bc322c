import type { NamedTensorMap, Scalar, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import type { GreyImage, Point } from '../data/dataset.ts';
import type { HeadOffer, ModelOutput } from '../nn/model.ts';
import type { ViewChange } from './view-change.ts';

/** Labeled images under augmentation. Shapes: `[batch, H, W, 1]`, `[batch, landmarks, 2]`, `[batch, landmarks]`. */
export interface LabeledBatch {
  readonly images: Tensor4D;
  readonly landmarks: Tensor3D;
  /** 1 where the landmark is labeled, 0 where it is missing. */
  readonly present: Tensor2D;
}

/** The same unlabeled images twice: weakly augmented for the teacher, strongly for the student. */
export interface UnlabeledBatch extends ViewChange {
  readonly weak: Tensor4D;
  readonly strong: Tensor4D;
  /** `[batch]`: which of the stage's unlabeled images, from 0. */
  readonly position: Tensor1D;
}

/** What a loss over landmarks may look at: a scalar that grows as the output departs from the targets. */
export interface LandmarkLoss {
  readonly compares: 'landmarks';
  /** What the head must offer for this loss to teach it. */
  readonly needs: readonly HeadOffer[];
  /** @param weight `[batch, landmarks]`, 0 leaves a landmark out. @returns named parts and their weighted sum. */
  evaluate(output: ModelOutput, targets: Tensor3D, weight: Tensor2D): LossValue;
}

/** A distance between two feature maps `[batch, h, w, channels]` of which the second gives no gradient. */
export interface FeatureLoss {
  readonly compares: 'features';
  /**
   * @param valid `[batch, h, w, 1]`, 1 where the second map is known.
   * @param places where the teacher says that the landmarks lie in these maps.
   */
  evaluate(student: Tensor4D, teacher: Tensor4D, valid: Tensor4D, places: LandmarkPlaces): Scalar;
}

/** Where the landmarks of a view lie. */
export interface LandmarkPlaces {
  /** `[batch, landmarks, 2]`, in [0, 1] of the view. */
  readonly landmarks: Tensor3D;
  /** `[batch, landmarks]`: 1 where the landmark lies in the view. */
  readonly inView: Tensor2D;
}

export type Loss = LandmarkLoss | FeatureLoss;

export interface LossValue {
  readonly total: Scalar;
  /** For logging, e.g. `local`, `global`, `ssl`, `js`: unweighted. */
  readonly parts: Readonly<Record<string, Scalar>>;
}

/** What a strategy works with inside one step. Everything is a tensor or a pure function of tensors. */
export interface StrategyStep {
  /** Empty where the strategy says `usesLabeled: false`. */
  readonly labeled: LabeledBatch;
  /** Present when the strategy uses unlabeled images. */
  readonly unlabeled?: UnlabeledBatch;
  /** The values of `scalars()` for this step. */
  readonly scalars: Readonly<Record<string, Scalar>>;
  /** `[unlabeled images, columns]` for each name in `SslStrategy.memory`. */
  readonly memory: Readonly<Record<string, Tensor2D>>;
}

export interface TeachingStep extends StrategyStep {
  /** The teacher, the moving average of the student, in inference mode. */
  teacher(images: Tensor4D): ModelOutput;
  /** The network that the stage started from, in inference mode. Only where the strategy `keepsOrigin`. */
  origin(images: Tensor4D): ModelOutput;
}

export interface LearningStep extends StrategyStep {
  /** What `teach` gave. */
  readonly lesson: NamedTensorMap;
  /** The recipe's supervised loss. */
  readonly supervisedLoss: LandmarkLoss;
  /** The student in training mode. Batch norm sees what is passed in one call as one batch. */
  student(images: Tensor4D): ModelOutput;
  /** The student's backbone alone, likewise: what learns from images without landmarks. */
  features(images: Tensor4D): Tensor4D;
}

/** A loss, and what the strategy remembers of this step. */
export interface LearningValue extends LossValue {
  /** The new value of each memory that changes; without gradient. */
  readonly memory?: Readonly<Record<string, Tensor2D>>;
}

/** Images of a stage as a strategy may look at them before the first step, each as a raster of the whole frame. */
export interface Survey {
  readonly labeled: readonly SurveyedImage<Point | null>[];
  /** In the order of `UnlabeledBatch.position`, read as they are asked for; with what the stage's first network finds. */
  readonly unlabeled: AsyncIterable<SurveyedImage<Point>>;
}

/** Landmarks in pixels of the raster; `null` where not labeled. */
export interface SurveyedImage<Landmark> {
  readonly image: GreyImage;
  readonly landmarks: readonly Landmark[];
}

/** How labeled and unlabeled images make one loss. */
export interface SslStrategy {
  readonly usesUnlabeled: boolean;
  /** False for a stage that learns without labels. Default true. */
  readonly usesLabeled?: boolean;
  /** What the head must offer. */
  readonly needs?: readonly HeadOffer[];
  /** The network that the stage starts from is kept, unchanged, beside the teacher. */
  readonly keepsOrigin?: boolean;
  /** The teacher's view must be the plain image (`augmentation.weak: []`): answers are kept from epoch to epoch. */
  readonly needsPlainView?: boolean;
  /** Numbers kept for each unlabeled image from step to step, zero at first: their names, and how many. */
  memory?(landmarkCount: number): Readonly<Record<string, number>>;
  /** What memories hold before the first step instead of zeros: `[unlabeled images, columns]`, row by row. */
  survey?(images: Survey): Promise<Readonly<Record<string, Float32Array>>>;
  /** Values that change over the stage, computed on the host. */
  scalars(progress: StageProgress): Readonly<Record<string, number>>;
  /** What the student is to learn from, beyond labels: computed first and without gradient. */
  teach(step: TeachingStep): NamedTensorMap;
  /** The loss whose gradient moves the student. */
  loss(step: LearningStep): LearningValue;
}

/** How far a stage is. */
export interface StageProgress {
  /** Step / steps, in (0, 1]. */
  readonly done: number;
  /** Times that every unlabeled image has been seen before this step, rounded down. */
  readonly epoch: number;
}
