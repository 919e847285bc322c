import { plainView } from '../data/augment.ts';
import type { Point } from '../data/dataset.ts';
import type { Predictor } from '../training/inference.ts';
import type { NetworkVectors } from '../training/state.ts';
import type { Survey, SurveyedImage } from '../training/strategy.ts';
import type { Experiment } from './experiment.ts';
import { exampleOf, inRaster, rasterOf } from './rasters.ts';

/** Images whose views are in memory at the same time. */
const IMAGES_AT_ONCE = 16;

type SurveyedExperiment = Pick<Experiment, 'store' | 'positions'>;

/** The network that says where the landmarks of the unlabeled images lie. */
export interface SurveyingNetwork {
  readonly predictor: Predictor;
  readonly weights: NetworkVectors;
  readonly onProgress: (done: number, total: number) => void;
}

/** The labeled images, and the unlabeled ones with the landmarks that a network finds in them. */
export function surveyOf(experiment: SurveyedExperiment, network: SurveyingNetwork): Survey {
  const { store, positions } = experiment;
  return {
    labeled: positions.labeled.map((position) => exampleOf(store, position)),
    unlabeled: predicted(experiment, network),
  };
}

async function* predicted(
  { store, positions: { unlabeled } }: SurveyedExperiment,
  { predictor, weights, onProgress }: SurveyingNetwork,
): AsyncGenerator<SurveyedImage<Point>> {
  for (let first = 0; first < unlabeled.length; first += IMAGES_AT_ONCE) {
    const some = unlabeled.slice(first, first + IMAGES_AT_ONCE);
    const views = some.map((position) => plainView(store, position).pixels);
    const found = await predictor.predict(weights, views);
    for (const [k, position] of some.entries()) {
      const image = rasterOf(store, position);
      yield { image, landmarks: inRaster(image, found[k]!) };
    }
    onProgress(first + some.length, unlabeled.length);
  }
}
