import {
  add,
  div,
  exp,
  expandDims,
  matMul,
  maximum,
  minimum,
  mul,
  reshape,
  type Scalar,
  sub,
  sum,
  type Tensor2D,
  type Tensor3D,
} from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import type { ModelOutput } from '../../core/nn/model.ts';
import { definePlugin } from '../../core/plugins/definition.ts';
import type { Lesson } from '../../core/training/consistency.ts';
import { squaredDistance, weightedMean } from '../../core/training/landmark-distance.ts';
import { rowsOfMemory } from '../../core/training/memory-rows.ts';
import { rampUpOption, sigmoidRamp } from '../../core/training/ramp.ts';
import type { LearningStep, LearningValue, SslStrategy, StrategyStep } from '../../core/training/strategy.ts';
import { missOfLesson, studentOutputs, supervisedAnd } from '../../core/training/student-pass.ts';
import {
  insideImage,
  landmarksIntoStrongView,
  landmarksIntoWeakView,
} from '../../core/training/view-change.ts';

const options = Type.Object(
  {
    weight: Type.Number({
      description:
        'Weight of the squared distance to the accumulated landmarks (scaled to pull like an L1 distance at a hundredth of the image); of the supervised loss at them where the head offers heatmaps.',
      default: 4,
      minimum: 0,
    }),
    decay: Type.Number({
      description: 'α, how much of the accumulated landmarks each new epoch keeps.',
      default: 0.6,
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
    }),
    rampUp: rampUpOption(0.4),
  },
  { additionalProperties: false },
);

/**
 * Temporal ensembling: `Z ← αZ + (1 - α)z` accumulates what the network said of each unlabeled image, epoch after
 * epoch; `Z / (1 - αᵏ)` after k times is the target of the next. An image that was not seen yet has no target. As in the
 * paper `z` is the student's own answer in training, so that a step costs one pass; here it is found in the strong view
 * and carried back to the plain image, in whose frame landmarks are kept. Heatmaps are too large to keep: a head that
 * offers them learns the landmarks by the supervised loss.
 */
export const temporalEnsembling = definePlugin({
  kind: 'ssl',
  type: 'temporal-ensembling',
  summary:
    "Targets from the network's own answers of earlier epochs, accumulated image by image and bias-corrected",
  source: 'Laine & Aila, Temporal Ensembling for Semi-Supervised Learning, ICLR 2017, arXiv 1610.02242',
  options,
  create: ({ weight, decay, rampUp }): SslStrategy => ({
    usesUnlabeled: true,
    needsPlainView: true,
    memory: (landmarkCount) => ({ accumulated: 2 * landmarkCount, seen: 1 }),
    scalars: ({ done }) => ({ ensemble: weight * sigmoidRamp(done, rampUp) }),
    teach: (step) => recall(step, decay),
    loss: (step) => learn(step, decay),
  }),
});

/** The targets of this step's images. */
function recall({ memory, unlabeled }: StrategyStep, decay: number): Lesson {
  const rows = rowsOfMemory(unlabeled!.position, memory.seen!);
  const times = matMul(rows, memory.seen!);
  const share = sub(1, exp(mul(times, Math.log(decay))));
  const corrected = div(matMul(rows, memory.accumulated!), maximum(share, 1 - decay));
  const landmarks = reshape(corrected, [rows.shape[0], -1, 2]) as Tensor3D;
  const targets = landmarksIntoStrongView(landmarks, unlabeled!);
  return { targets, weight: mul(insideImage(targets), minimum(times, 1)) };
}

function learn(step: LearningStep, decay: number): LearningValue {
  const [supervised, own] = studentOutputs(step, step.labeled.images, step.unlabeled!.strong);
  const ensemble = distanceToEnsemble(step, own!);
  const value = supervisedAnd(step, supervised!, { ensemble });
  return { ...value, memory: remember(step, own!.landmarks, decay) };
}

function distanceToEnsemble(step: LearningStep, own: ModelOutput): Scalar {
  if (own.heatmaps !== undefined) return missOfLesson(step, own);
  const { targets, weight } = step.lesson as Lesson;
  return weightedMean(squaredDistance(own.landmarks, targets), weight);
}

/** What is kept after the student's landmarks of the strong views; an image that is twice in the batch counts once. */
function remember({ memory, unlabeled }: LearningStep, landmarks: Tensor3D, decay: number) {
  const { accumulated, seen } = memory;
  const rows = rowsOfMemory(unlabeled!.position, seen!);
  const times = expandDims(sum(rows, 0), 1);
  const found = reshape(landmarksIntoWeakView(landmarks, unlabeled!), [rows.shape[0], -1]) as Tensor2D;
  const fresh = div(matMul(rows, found, true), maximum(times, 1));
  const isSeen = minimum(times, 1);
  const change = mul(mul(isSeen, 1 - decay), sub(fresh, accumulated!));
  return { accumulated: add(accumulated!, change) as Tensor2D, seen: add(seen!, isSeen) as Tensor2D };
}
