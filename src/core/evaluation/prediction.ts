import type { PixelSpacing, Point } from '../data/dataset.ts';

/** What a model said of one image, in pixels of the original image. */
export interface Prediction {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly spacing?: PixelSpacing;
  readonly landmarks: readonly Point[];
}

/** A prediction and the truth beside it; `null` where a landmark is not labeled. */
export interface EvaluatedPrediction extends Prediction {
  readonly truth: readonly (Point | null)[];
}
