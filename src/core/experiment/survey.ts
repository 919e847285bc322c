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

/** The labeled images, and the unlabeled ones with the landmarks that a network finds in them. */
export function surveyOf(
  experiment: SurveyedExperiment,
  predictor: Predictor,
  weights: NetworkVectors,
): Survey {
  const { store, positions } = experiment;
  return {
    labeled: positions.labeled.map((position) => exampleOf(store, position)),
    unlabeled: predicted(experiment, predictor, weights),
  };
}

function* predicted(
  { store, positions: { unlabeled } }: SurveyedExperiment,
  predictor: Predictor,
  weights: NetworkVectors,
): Generator<SurveyedImage<Point>> {
  for (let first = 0; first < unlabeled.length; first += IMAGES_AT_ONCE) {
    const some = unlabeled.slice(first, first + IMAGES_AT_ONCE);
    const views = some.map((position) => plainView(store, position).pixels);
    const found = predictor.predict(weights, views);
    for (const [k, position] of some.entries()) {
      const image = rasterOf(store, position);
      yield { image, landmarks: inRaster(image, found[k]!) };
    }
  }
}
