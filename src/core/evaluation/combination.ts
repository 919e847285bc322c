import type { Point } from '../data/dataset.ts';
import { quantile } from './bootstrap.ts';
import type { Prediction } from './prediction.ts';
import { mean } from './radial-error.ts';

/** How the answers of several networks become one. */
export type Combination = 'mean' | 'median';

/**
 * One shape out of several of the same image, landmark by landmark and axis by axis: their mean, or their median, which
 * does not follow a single answer that is far off (of two shapes it is the mean).
 */
export function combineShapes(shapes: readonly (readonly Point[])[], combination: Combination): Point[] {
  const combine = combination === 'mean' ? mean : median;
  const along = (landmark: number, axis: 0 | 1) => combine(shapes.map((shape) => shape[landmark]![axis]));
  return shapes[0]!.map((_, landmark): Point => [along(landmark, 0), along(landmark, 1)]);
}

/** The same, image by image; every set is of the same images in the same order. */
export function combinePredictions<P extends Prediction>(
  sets: readonly (readonly P[])[],
  combination: Combination,
): P[] {
  return sets[0]!.map((prediction, image) => {
    const shapes = sets.map((set) => set[image]!.landmarks);
    return { ...prediction, landmarks: combineShapes(shapes, combination) };
  });
}

/** NaN where a value is: a network that diverged is seen, not outvoted. */
function median(values: readonly number[]): number {
  if (values.some(Number.isNaN)) return Number.NaN;
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}
