import type { View } from '../data/augment.ts';
import type { Point } from '../data/dataset.ts';
import { transformPoint } from '../data/geometry.ts';
import type { ImageStore } from '../data/image-store.ts';
import type { EvaluatedPrediction } from '../evaluation/prediction.ts';
import type { NetworkWeights, Predictor } from '../training/inference.ts';
import type { Experiment } from './experiment.ts';
import type { TestTimeMatching } from './test-time-matching.ts';
import { inFrame, testTimeViews, type ViewPlan } from './test-time-views.ts';

/** Images whose views are in memory at the same time. */
const IMAGES_AT_ONCE = 16;

/** What a network says of images of the store, beside the truth, in pixels of the original images. */
export async function predictImages(
  { store, samples }: Pick<Experiment, 'store' | 'samples'>,
  positions: readonly number[],
  predictor: Predictor,
  weights: NetworkWeights,
  plan: ViewPlan,
  matching?: TestTimeMatching,
): Promise<EvaluatedPrediction[]> {
  const predictions: EvaluatedPrediction[] = [];
  for (let first = 0; first < positions.length; first += IMAGES_AT_ONCE) {
    const some = positions.slice(first, first + IMAGES_AT_ONCE);
    const views = some.map((position) => testTimeViews(store, position, plan));
    const answers = await answerViews(views, predictor, weights, store.mirrored);
    const found = some.map((position, k) => {
      const shape = meanShapeOf(answers[k]!);
      return matching === undefined ? shape : matching(store, position, shape);
    });
    predictions.push(...some.map((position, k) => besideTruth(store, samples, position, found[k]!)));
  }
  return predictions;
}

/**
 * What a network says of every view of some images.
 * @param partners see `inFrame`.
 * @returns for each image and view, `[landmarks, 2]` in the frame that the view was made from.
 */
export async function answerViews(
  images: readonly (readonly View[])[],
  predictor: Predictor,
  weights: NetworkWeights,
  partners: Int32Array,
): Promise<Float32Array[][]> {
  const found = await predictor.predict(
    weights,
    images.flat().map(({ pixels }) => pixels),
  );
  let next = 0;
  return images.map((views) => views.map((view) => inFrame(view, found[next++]!, partners)));
}

/** The mean of answers about one image. */
export function meanShapeOf(answers: readonly Float32Array[]): Float32Array {
  return answers[0]!.map((_, k) => answers.reduce((total, answer) => total + answer[k]!, 0) / answers.length);
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
