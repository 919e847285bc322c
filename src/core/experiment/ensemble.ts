import { RunError } from '../errors.ts';
import { type Combination, combinePredictions } from '../evaluation/combination.ts';
import type { EvaluatedPrediction, Prediction } from '../evaluation/prediction.ts';
import type { Weights } from '../training/state.ts';

/** Which networks of a model take part: the teacher, the student, or each of the two. */
export type EnsembleWeights = Weights | 'both';

/** What the networks of one model say of the images of each use. */
export interface ModelAnswers {
  readonly test: NetworkPredictions;
  readonly validation: NetworkPredictions;
}

export type NetworkPredictions = Readonly<Record<Weights, readonly EvaluatedPrediction[]>>;

/** A model and what it calls its landmarks. */
interface NamingModel {
  readonly checkpointFile: string;
  readonly facts: { readonly landmarkNames: readonly string[] };
}

export function networksOf(weights: EnsembleWeights): readonly Weights[] {
  return weights === 'both' ? ['teacher', 'student'] : [weights];
}

/** Combines the networks of some models; all models were asked about the same images. */
export function combineAnswers(
  models: readonly ModelAnswers[],
  weights: EnsembleWeights,
  combination: Combination,
): Record<keyof ModelAnswers, EvaluatedPrediction[]> {
  const combined = (use: keyof ModelAnswers) => {
    const sets = models.flatMap((answers) => networksOf(weights).map((network) => answers[use][network]));
    return combinePredictions(sets, combination);
  };
  return { test: combined('test'), validation: combined('validation') };
}

/**
 * For each landmark of a model, its place among those of another, which names the same ones.
 * @throws {RunError} FSX_ENSEMBLE_LANDMARKS, with both lists.
 */
export function landmarkPlaces(first: NamingModel, other: NamingModel): readonly number[] {
  const [names, theirs] = [first.facts.landmarkNames, other.facts.landmarkNames];
  const places = names.map((name) => theirs.indexOf(name));
  if (theirs.length === names.length && !places.includes(-1)) return places;
  const message = [
    'models of an ensemble must find the same landmarks',
    `  ${first.checkpointFile}  ${names.join(', ')}`,
    `  ${other.checkpointFile}  ${theirs.join(', ')}`,
  ].join('\n');
  throw new RunError('FSX_ENSEMBLE_LANDMARKS', message, {
    suggestion: 'Combine models that were trained on datasets with the same landmark names.',
  });
}

/** A prediction with its landmarks in another order. */
export function inOrder<P extends Prediction>(prediction: P, places: readonly number[]): P {
  return { ...prediction, landmarks: places.map((place) => prediction.landmarks[place]!) };
}
