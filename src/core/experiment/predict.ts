import { evaluationView } from '../data/batch.ts';
import type { Point } from '../data/dataset.ts';
import { transformPoint } from '../data/geometry.ts';
import type { ImageStore } from '../data/image-store.ts';
import type { EvaluatedPrediction } from '../evaluation/prediction.ts';
import type { NetworkWeights, Predictor } from '../training/inference.ts';
import type { Experiment } from './experiment.ts';

/** What a network says of images of the store, beside the truth, in pixels of the original images. */
export function predictImages(
  { store, samples }: Pick<Experiment, 'store' | 'samples'>,
  positions: readonly number[],
  predictor: Predictor,
  weights: NetworkWeights,
): EvaluatedPrediction[] {
  const views = positions.map((position) => evaluationView(store, position));
  const found = predictor.predict(weights, views);
  return positions.map((position, index) => besideTruth(store, samples, position, found[index]!));
}

/** The same shape for every image: what a model must beat. */
export function predictShape(
  { store, samples }: Pick<Experiment, 'store' | 'samples'>,
  positions: readonly number[],
  shape: Float32Array,
): EvaluatedPrediction[] {
  return positions.map((position) => besideTruth(store, samples, position, shape));
}

/** Landmarks `[landmarks, 2]` of the frame as points of the original image. */
export function inOriginalPixels(store: ImageStore, position: number, landmarks: Float32Array): Point[] {
  const { toOriginal } = store.images[position]!.frame;
  return Array.from({ length: landmarks.length / 2 }, (_, landmark) =>
    transformPoint(toOriginal, [landmarks[landmark * 2]!, landmarks[landmark * 2 + 1]!]),
  );
}

function besideTruth(
  store: ImageStore,
  samples: Experiment['samples'],
  position: number,
  landmarks: Float32Array,
): EvaluatedPrediction {
  const { id, width, height, spacing } = store.images[position]!;
  return {
    id,
    width,
    height,
    ...(spacing === undefined ? {} : { spacing }),
    landmarks: inOriginalPixels(store, position, landmarks),
    truth: samples.get(id)!.landmarks,
  };
}
