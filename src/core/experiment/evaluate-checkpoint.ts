import { mkdir, stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Dataset } from '../data/dataset.ts';
import { loadImageStore } from '../data/image-store.ts';
import { type Split, type SplitRequest, splitSamples } from '../data/split.ts';
import { closePixels } from '../data/stored-pixels.ts';
import { DataError, RunError } from '../errors.ts';
import type { Combination } from '../evaluation/combination.ts';
import type { Recipe } from '../recipe/schema.ts';
import {
  combineAnswers,
  type EnsembleWeights,
  inOrder,
  landmarkPlaces,
  type ModelAnswers,
  type NetworkPredictions,
  networksOf,
} from './ensemble.ts';
import {
  answerImages,
  type EvaluatedData,
  type EvaluatedPositions,
  type EvaluationResult,
  evaluateImages,
  measure,
  writeEvaluation,
} from './evaluation.ts';
import type { RunListener } from './events.ts';
import type { ExperimentSource } from './experiment.ts';
import { matchLandmarks } from './matched-landmarks.ts';
import { readingFor } from './reading-for.ts';
import { runDirectory } from './run-directory.ts';
import { refuseUnpairedFlip } from './test-time-views.ts';
import type { TrainedModel } from './trained-model.ts';

export interface CheckpointEvaluation {
  readonly data: EvaluatedData;
  readonly result: EvaluationResult;
}

/** Other models, and which networks of all of them are combined how. */
export interface EnsembleRequest {
  readonly others: readonly TrainedModel[];
  readonly weights: EnsembleWeights;
  readonly combination: Combination;
}

/**
 * Evaluates a trained model on the test images of a recipe: its dataset, test split, radii and seed, in the frame that
 * the model was trained with, beside the mean shape of the model's own training images. Error radii come from the
 * model's own validation images, or from those that the recipe of another dataset lists.
 * @param source the recipe; the model itself stands for the one that it was trained with.
 * @param ensemble also evaluates the combination of the model's networks with those of others.
 * @throws {DataError} FSX_EVALUATE_NO_TEST, FSX_LANDMARKS_DIFFER, FSX_FLIP_UNPAIRED, or from the dataset; {RunError}
 * FSX_PREDICTION_NOT_FINITE or FSX_ENSEMBLE_LANDMARKS.
 */
export async function evaluateCheckpoint(
  trained: TrainedModel,
  source: ExperimentSource,
  listener: RunListener,
  ensemble?: EnsembleRequest,
): Promise<CheckpointEvaluation> {
  const others = ensemble?.others ?? [];
  const models = [trained, ...others];
  const [dataset, chosen] = await chooseImages(models, source, listener);
  const places = others.map((other) => landmarkPlaces(trained, other));
  const { data, positions } = await loadImages(trained, dataset, chosen, source, listener);
  if (ensemble === undefined) {
    return { data, result: await lastUse(data, () => evaluateImages(data, positions, trained)) };
  }
  const answers = [await lastUse(data, () => answerImages(data, positions, trained))];
  for (const [index, other] of others.entries()) {
    const images = await loadImages(other, dataset, chosen, source, listener);
    const found = await lastUse(images.data, () => answerImages(images.data, images.positions, other));
    answers.push(inOrderOf(places[index]!, found));
  }
  const combined = {
    name: describeEnsemble(models.length, ensemble),
    answers: combineAnswers(answers, ensemble.weights, ensemble.combination),
  };
  return { data, result: measure(data, positions, trained, answers[0]!, combined) };
}

function describeEnsemble(models: number, { weights, combination }: EnsembleRequest): string {
  const networks = networksOf(weights).join(', ');
  return `${combination} of ${networks}${models === 1 ? '' : ` of ${models} models`}`;
}

/**
 * Writes `metrics.json`, `predictions.csv` and the overlays: a folder that `fsx compare` reads.
 * @throws {RunError} FSX_EVALUATE_OUTPUT for the folder of a run, whose own results would be lost.
 */
export async function saveEvaluation(output: string, { data, result }: CheckpointEvaluation): Promise<void> {
  await mkdir(output, { recursive: true });
  await writeEvaluation(runDirectory(output), data, result);
}

/** @throws {RunError} FSX_EVALUATE_OUTPUT. */
export async function refuseRunFolder(output: string): Promise<void> {
  const recipe = await stat(runDirectory(output).recipe).catch(() => undefined);
  if (recipe === undefined) return;
  throw new RunError('FSX_EVALUATE_OUTPUT', `${output} is the folder of a run, whose results would be lost`, {
    suggestion: 'Name another folder; `fsx compare` reads it like that of a run.',
  });
}

/** Ids of the images to measure on, and of those that set the error radii. */
type ChosenImages = Readonly<Record<keyof EvaluatedPositions, readonly string[]>>;

/** The radii come from images that the first model was validated with and that none of the models was trained with. */
async function chooseImages(
  models: readonly TrainedModel[],
  { recipe, registry, baseDirectory }: ExperimentSource,
  listener: RunListener,
): Promise<[Dataset, ChosenImages]> {
  const dataset = await registry.create('dataset', recipe.data.dataset, { baseDirectory });
  refuseUnpairedFlip(recipe.evaluation.flip, dataset);
  const test = testIds(dataset, recipe);
  const splits = models.map((model) => splitOfTraining(dataset, recipe, model.recipe));
  for (const split of splits) tellOfSeen(test, split, listener);
  const taken = new Set(splits.flatMap((split) => [...(split?.labeled ?? []), ...(split?.unlabeled ?? [])]));
  for (const id of test) taken.add(id);
  const validation = splits[0]?.validation ?? listedValidation(recipe);
  return [dataset, { test, validation: validation.filter((id) => !taken.has(id)) }];
}

/** The images as one model sees them. */
async function loadImages(
  { facts, recipe: trainedWith, meanShape }: TrainedModel,
  found: Dataset,
  { test, validation }: ChosenImages,
  { recipe }: ExperimentSource,
  listener: RunListener,
): Promise<{ data: EvaluatedData; positions: EvaluatedPositions }> {
  const { dataset, notice } = matchLandmarks(found, facts.landmarkNames);
  if (notice !== undefined) listener({ kind: 'notice', message: notice });
  const samples = new Map(dataset.samples.map((sample) => [sample.id, sample]));
  const { size, fit, oversample } = trainedWith.data.image;
  const wanted = [...test, ...validation].map((id) => samples.get(id)!);
  const store = await loadImageStore(dataset, wanted, {
    ...{ fit, oversample },
    size: { height: size[0], width: size[1] },
    ...readingFor(listener),
  });
  const positions = {
    test: [...test.keys()],
    validation: validation.map((_, index) => test.length + index),
  };
  return { data: { recipe, dataset, store, samples, meanShape }, positions };
}

/** Uses the pixels of a store, which nobody does after that. */
async function lastUse<Found>({ store }: EvaluatedData, use: () => Promise<Found>): Promise<Found> {
  try {
    return await use();
  } finally {
    closePixels(store);
  }
}

function listedValidation({ data }: Recipe): readonly string[] {
  const { validation } = data.split;
  return typeof validation === 'number' ? [] : validation;
}

/**
 * The test images that a run of the recipe would have. Counts of other uses are left out: they are drawn after the
 * test, and a dataset that is only evaluated need not have so many images.
 */
function testIds({ samples }: Dataset, { data, seed }: Recipe): readonly string[] {
  const { labeled, validation } = data.split;
  const request: SplitRequest = {
    ...data.split,
    labeled: typeof labeled === 'object' ? labeled : [],
    validation: typeof validation === 'number' ? [] : validation,
    unlabeled: 0,
  };
  const { test } = splitSamples(samples, request, data.split.seed ?? seed);
  if (test.length > 0) return test;
  throw new DataError('FSX_EVALUATE_NO_TEST', 'data.split.test asks for no images', {
    suggestion: 'Set it to a number, a named part of the dataset or a list: `--set data.split.test=…`.',
  });
}

/** The split that the model was trained with, where the dataset is the one that it comes from. */
function splitOfTraining({ samples }: Dataset, recipe: Recipe, trainedWith: Recipe): Split | undefined {
  if (!isDeepStrictEqual(recipe.data.dataset, trainedWith.data.dataset)) return undefined;
  const { split } = trainedWith.data;
  return splitSamples(samples, split, split.seed ?? trainedWith.seed);
}

/** Warns of images that a model was trained or chosen with. */
function tellOfSeen(ids: readonly string[], split: Split | undefined, listener: RunListener): void {
  if (split === undefined) return;
  const known = new Set([...split.labeled, ...split.unlabeled, ...split.validation]);
  const seen = ids.filter((id) => known.has(id)).length;
  if (seen === 0) return;
  const share = `${seen} of the ${ids.length} test images`;
  listener({
    kind: 'notice',
    message: `Careful: the model saw ${share} in its training: errors are too small.`,
  });
}

function inOrderOf(places: readonly number[], answers: ModelAnswers): ModelAnswers {
  const reorder = ({ teacher, student }: NetworkPredictions): NetworkPredictions => ({
    teacher: teacher.map((prediction) => inOrder(prediction, places)),
    student: student.map((prediction) => inOrder(prediction, places)),
  });
  return { test: reorder(answers.test), validation: reorder(answers.validation) };
}
