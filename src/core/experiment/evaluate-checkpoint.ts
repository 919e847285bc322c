import { mkdir, stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Dataset } from '../data/dataset.ts';
import { loadImageStore } from '../data/image-store.ts';
import { type SplitRequest, splitSamples } from '../data/split.ts';
import { DataError, RunError } from '../errors.ts';
import type { Recipe } from '../recipe/schema.ts';
import { type EvaluatedData, type EvaluationResult, evaluateImages, writeEvaluation } from './evaluation.ts';
import type { RunListener } from './events.ts';
import type { ExperimentSource } from './experiment.ts';
import { matchLandmarks } from './matched-landmarks.ts';
import { runDirectory } from './run-directory.ts';
import type { TrainedModel } from './trained-model.ts';

export interface CheckpointEvaluation {
  readonly data: EvaluatedData;
  readonly result: EvaluationResult;
}

/**
 * Evaluates a trained model on the test images of a recipe: its dataset, test split, radii and seed, in the frame that
 * the model was trained with, beside the mean shape of the model's own training images.
 * @param source the recipe; the model itself stands for the one that it was trained with.
 * @throws {DataError} FSX_EVALUATE_NO_TEST, FSX_LANDMARKS_DIFFER, or from the dataset; {RunError}
 * FSX_PREDICTION_NOT_FINITE.
 */
export async function evaluateCheckpoint(
  trained: TrainedModel,
  source: ExperimentSource,
  listener: RunListener,
): Promise<CheckpointEvaluation> {
  const data = await loadTestImages(trained, source, listener);
  const positions = [...data.store.images.keys()];
  return { data, result: evaluateImages(data, positions, trained.predictor, trained.weights) };
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

async function loadTestImages(
  { facts, recipe: trainedWith, meanShape }: TrainedModel,
  { recipe, registry, baseDirectory }: ExperimentSource,
  listener: RunListener,
): Promise<EvaluatedData> {
  const found = await registry.create('dataset', recipe.data.dataset, { baseDirectory });
  const { dataset, notice } = matchLandmarks(found, facts.landmarkNames);
  if (notice !== undefined) listener({ kind: 'notice', message: notice });
  const ids = testIds(dataset, recipe);
  const seen = countSeenInTraining(ids, found, recipe, trainedWith);
  if (seen > 0) {
    const share = `${seen} of the ${ids.length} test images`;
    listener({
      kind: 'notice',
      message: `Careful: the model saw ${share} in its training: errors are too small.`,
    });
  }
  const samples = new Map(dataset.samples.map((sample) => [sample.id, sample]));
  const { size, fit, oversample } = trainedWith.data.image;
  const tested = ids.map((id) => samples.get(id)!);
  const store = await loadImageStore(dataset, tested, {
    ...{ fit, oversample },
    size: { height: size[0], width: size[1] },
    onProgress: (done, total) => listener({ kind: 'preparing', what: 'images', done, total }),
  });
  return { recipe, dataset, store, samples, meanShape };
}

/**
 * The test images that a run of the recipe would have. Counts of other uses are left out: they are drawn after the
 * test, and a dataset that is only evaluated need not have so many images.
 */
function testIds({ samples }: Dataset, { data, seed }: Recipe): readonly string[] {
  const { labeled, validation } = data.split;
  const request: SplitRequest = {
    ...data.split,
    labeled: typeof labeled === 'number' ? [] : labeled,
    validation: typeof validation === 'number' ? [] : validation,
    unlabeled: 0,
  };
  const { test } = splitSamples(samples, request, data.split.seed ?? seed);
  if (test.length > 0) return test;
  throw new DataError('FSX_EVALUATE_NO_TEST', 'data.split.test asks for no images', {
    suggestion: 'Set it to a number, a named part of the dataset or a list: `--set data.split.test=…`.',
  });
}

/** How many of the images the model was trained or chosen with, where the dataset is the one that it comes from. */
function countSeenInTraining(
  ids: readonly string[],
  { samples }: Dataset,
  recipe: Recipe,
  trainedWith: Recipe,
): number {
  if (!isDeepStrictEqual(recipe.data.dataset, trainedWith.data.dataset)) return 0;
  const { split } = trainedWith.data;
  const { labeled, unlabeled, validation } = splitSamples(samples, split, split.seed ?? trainedWith.seed);
  const seen = new Set([...labeled, ...unlabeled, ...validation]);
  return ids.filter((id) => seen.has(id)).length;
}
