import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseCases } from '../evaluation/cases.ts';
import { computeMetrics, type MetricsOptions } from '../evaluation/metrics.ts';
import type { MetricsFile } from '../evaluation/metrics-schema.ts';
import { drawOverlay } from '../evaluation/overlay.ts';
import type { EvaluatedPrediction } from '../evaluation/prediction.ts';
import { type PredictionSets, writePredictionsCsv } from '../evaluation/predictions-csv.ts';
import type { ReportCase } from '../evaluation/report/report.ts';
import type { Recipe } from '../recipe/schema.ts';
import type { NetworkWeights, Predictor } from '../training/inference.ts';
import type { Experiment } from './experiment.ts';
import { predictImages, predictShape } from './predict.ts';
import type { RunDirectory } from './run-directory.ts';

/** Both networks of a checkpoint. */
export interface WeightPair {
  readonly teacher: NetworkWeights;
  readonly student: NetworkWeights;
}

/** What the networks and the mean shape say of some images, and how good that is. */
export interface EvaluationResult {
  readonly predictions: Required<PredictionSets>;
  readonly metrics: MetricsFile;
}

export type EvaluatedData = Pick<Experiment, 'recipe' | 'dataset' | 'store' | 'samples' | 'meanShape'>;

/** @throws {DataError} when the images have no labels. */
export function evaluateImages(
  data: EvaluatedData,
  positions: readonly number[],
  predictor: Predictor,
  weights: WeightPair,
): EvaluationResult {
  const { seed, evaluation } = data.recipe;
  const plan = { views: evaluation.views, seed };
  const predictions = {
    teacher: predictImages(data, positions, predictor, weights.teacher, plan),
    student: predictImages(data, positions, predictor, weights.student, plan),
    meanShape: predictShape(data, positions, data.meanShape),
  };
  const options = metricsOptions(data.recipe);
  const measure = (set: readonly EvaluatedPrediction[]) =>
    computeMetrics(set, data.dataset.landmarkNames, options);
  const metrics: MetricsFile = {
    version: 1,
    teacher: measure(predictions.teacher),
    student: measure(predictions.student),
    meanShape: measure(predictions.meanShape),
  };
  return { predictions, metrics };
}

/** Writes `metrics.json`, `predictions.csv` and the overlays into a folder. */
export async function writeEvaluation(
  directory: RunDirectory,
  data: EvaluatedData,
  { predictions, metrics }: EvaluationResult,
): Promise<ReportCase[]> {
  await writeFile(directory.metrics, `${JSON.stringify(metrics, null, 2)}\n`);
  await writePredictionsCsv(directory.predictions, predictions, data.dataset.landmarkNames);
  return drawCases(directory, data, predictions.teacher);
}

/** Draws the best and the worst cases, half of `evaluation.overlays` each. */
async function drawCases(
  directory: RunDirectory,
  { recipe, dataset, samples }: EvaluatedData,
  predictions: readonly EvaluatedPrediction[],
): Promise<ReportCase[]> {
  const { overlays, radiiMm, radiiPx } = recipe.evaluation;
  if (overlays === 0) return [];
  await mkdir(directory.overlays, { recursive: true });
  const byId = new Map(predictions.map((prediction) => [prediction.id, prediction]));
  const options = {
    toleranceMm: Math.max(...radiiMm),
    tolerancePx: Math.max(...radiiPx),
    edges: dataset.edges,
  };
  const cases: ReportCase[] = [];
  for (const choice of chooseCases(predictions, Math.ceil(overlays / 2)).slice(0, overlays)) {
    const image = await dataset.read(samples.get(choice.id)!);
    const name = `${choice.kind}-${choice.id.replaceAll(/[^\w.-]+/g, '_')}.png`;
    await writeFile(join(directory.overlays, name), await drawOverlay(image, byId.get(choice.id)!, options));
    cases.push({ ...choice, file: `overlays/${name}` });
  }
  return cases;
}

function metricsOptions({ evaluation, seed }: Recipe): Partial<MetricsOptions> {
  const { radiiMm, radiiPx, failureRadiusMm, failureRadiusPx, bootstrapSamples } = evaluation;
  return {
    radiiMm,
    radiiPx,
    failureRadiusMm,
    failureRadiusPx,
    bootstrap: { resamples: bootstrapSamples, seed, confidence: 0.95 },
  };
}
