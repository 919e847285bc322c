import {
  div,
  expandDims,
  maximum,
  mul,
  type NamedTensorMap,
  type Scalar,
  square,
  sub,
  sum,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { HeadOutput } from '../nn/model.ts';
import { type LandmarkDistance, SQUARED_UNIT, weightedMean } from './landmark-distance.ts';
import type { LearningStep, LossValue } from './strategy.ts';
import { studentOutputs, supervisedAnd } from './student-pass.ts';
import {
  heatmapsIntoStrongView,
  insideImage,
  landmarksIntoStrongView,
  type MapCarrier,
  mapsIntoStrongView,
  type ViewChange,
} from './view-change.ts';

/** What the student is to say of the strong views. */
export interface Lesson extends NamedTensorMap {
  /** `[batch, landmarks, 2]`. */
  readonly targets: Tensor3D;
  /** `[batch, landmarks]`: 1 where the landmark lies in the strong view. */
  readonly weight: Tensor2D;
}

/** Where the head offers heatmaps. */
interface HeatmapLesson extends Lesson {
  readonly heatmaps: Tensor4D;
  /** `[batch, h, w, 1]`: 1 where `heatmaps` is known. */
  readonly known: Tensor4D;
}

/**
 * What was found in the weak views, as it must look in the strong ones.
 * @param carry how heatmaps are carried.
 */
export function lessonFrom(
  { landmarks, heatmaps }: Pick<HeadOutput, 'landmarks' | 'heatmaps'>,
  change: ViewChange,
  carry: MapCarrier = mapsIntoStrongView,
): Lesson {
  const targets = landmarksIntoStrongView(landmarks, change);
  const lesson: Lesson = { targets, weight: insideImage(targets) };
  if (heatmaps === undefined) return lesson;
  const { maps, valid } = heatmapsIntoStrongView(heatmaps, change, carry);
  return { ...lesson, heatmaps: maps, known: valid };
}

/**
 * How far the student is from what it is to say: by the mean squared difference of the heatmaps where the lesson has
 * them, by the mean distance of the landmarks elsewhere.
 */
export function inconsistency(own: HeadOutput, lesson: NamedTensorMap, distance: LandmarkDistance): Scalar {
  if (lesson.heatmaps !== undefined) return heatmapDistance(own.heatmaps!, lesson as HeatmapLesson);
  const { targets, weight } = lesson as Lesson;
  return weightedMean(distance(own.landmarks, targets), weight);
}

/** The supervised loss of labeled images, and by the weight `consistency` what the lesson makes of the strong views. */
export function learnConsistency(step: LearningStep, distance: LandmarkDistance): LossValue {
  const [supervised, own] = studentOutputs(step, step.labeled.images, step.unlabeled!.strong);
  const consistency = inconsistency(own!, step.lesson, distance);
  return supervisedAnd(step, supervised!, { consistency });
}

/**
 * Over the known places of the maps of landmarks in view. Two Gaussians a little apart differ, squared and summed, by π/2
 * times their squared distance in pixels of the map, whatever their width: scaled so, it is their `squaredDistance` (on a
 * square map).
 */
function heatmapDistance(own: Tensor4D, { heatmaps, known, weight }: HeatmapLesson): Scalar {
  const counted = mul(known, expandDims(expandDims(weight, 1), 1));
  const meanSquare = div(sum(mul(square(sub(own, heatmaps)), counted)), maximum(sum(counted), 1));
  return div(meanSquare, (Math.PI / 2) * SQUARED_UNIT);
}
