import { matMul, reshape, type Tensor3D } from '@tensorflow/tfjs-core';
import { inFrame, LandmarkMatcher, type MatchingOptions } from '../matching/landmark-matcher.ts';
import { type Lesson, lessonFrom } from './consistency.ts';
import { rowsOfMemory } from './memory-rows.ts';
import type { StrategyStep, Survey } from './strategy.ts';

/** The memory that holds the matched landmarks of each unlabeled image, in the frame. */
export const MATCHED = 'matched';

/** Where the unlabeled images look like the labeled ones around their landmarks: `[images, landmarks, 2]`, in the frame. */
export async function matchSurvey(
  { labeled, unlabeled }: Survey,
  options: MatchingOptions,
): Promise<Float32Array> {
  const matcher = new LandmarkMatcher(labeled, options);
  const rows: number[] = [];
  for await (const { image, landmarks } of unlabeled) {
    rows.push(...inFrame(image, matcher.match(image, landmarks)));
  }
  return Float32Array.from(rows);
}

/** The matched landmarks of this step's images, as the student is to find them in the strong views. */
export function matchedLesson({ memory, unlabeled }: StrategyStep): Lesson {
  const matched = memory[MATCHED]!;
  const rows = matMul(rowsOfMemory(unlabeled!.position, matched), matched);
  const landmarks = reshape(rows, [rows.shape[0]!, -1, 2]) as Tensor3D;
  return lessonFrom({ landmarks }, unlabeled!);
}
