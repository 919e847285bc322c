import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseCases } from '../evaluation/cases.ts';
import { measureRadii } from '../evaluation/conformal.ts';
import { computeMetrics, type MetricsOptions } from '../evaluation/metrics.ts';
import type { MetricsFile } from '../evaluation/metrics-schema.ts';
import { drawOverlay } from '../evaluation/overlay.ts';
import type { EvaluatedPrediction } from '../evaluation/prediction.ts';
import { type PredictionSets, writePredictionsCsv } from '../evaluation/predictions-csv.ts';
import type { ReportCase } from '../evaluation/report/report.ts';
import type { Example } from '../matching/landmark-matcher.ts';
import type { Recipe } from '../recipe/schema.ts';
import type { CheckpointFacts } from '../training/checkpoint.ts';
import type { NetworkWeights, Predictor } from '../training/inference.ts';
import type { Weights } from '../training/state.ts';
import { combineAnswers, type ModelAnswers, type NetworkPredictions } from './ensemble.ts';
import type { Experiment } from './experiment.ts';
import { predictImages, predictShape } from './predict.ts';
import type { RunDirectory } from './run-directory.ts';
import { testTimeMatching } from './test-time-matching.ts';

/** Both networks of a checkpoint. */
export interface WeightPair {
  readonly teacher: NetworkWeights;
  readonly student: NetworkWeights;
}

/** What the networks and the mean shape say of the test images, and how good that is. */
export interface EvaluationResult {
  readonly predictions: PredictionSets & { readonly teacher: readonly EvaluatedPrediction[] };
  readonly metrics: MetricsFile;
}

export type EvaluatedData = Pick<Experiment, 'recipe' | 'dataset' | 'store' | 'samples' | 'meanShape'>;

/** Positions in the store: images to measure on, and labeled ones without training that set the error radii. */
export type EvaluatedPositions = Pick<Experiment['positions'], 'test' | 'validation'>;

/** The networks of a checkpoint, and which checkpoint that is. */
export interface EvaluatedNetworks {
  readonly predictor: Predictor;
  readonly weights: WeightPair;
  readonly facts: Pick<CheckpointFacts, 'stage' | 'step' | 'recipe'>;
  /** The labeled images that the checkpoint holds. */
  readonly examples: readonly Example[];
}

/** Networks whose answers are combined, and what to call that. */
export interface Ensemble {
  readonly name: string;
  readonly answers: Readonly<Record<keyof ModelAnswers, readonly EvaluatedPrediction[]>>;
}

/** Evaluates both networks of a checkpoint. @throws {DataError} when the test images have no labels. */
export async function evaluateImages(
  data: EvaluatedData,
  positions: EvaluatedPositions,
  networks: EvaluatedNetworks,
): Promise<EvaluationResult> {
  const answers = await answerImages(data, positions, networks);
  if (!data.recipe.evaluation.ensemble) return measure(data, positions, networks, answers);
  const ensemble = {
    name: 'mean of teacher, student',
    answers: combineAnswers([answers], 'both', 'mean'),
  };
  return measure(data, positions, networks, answers, ensemble);
}

/** What both networks say of the test and the validation images. @throws {RunError} FSX_EXAMPLES_MISSING. */
export async function answerImages(
  data: EvaluatedData,
  positions: EvaluatedPositions,
  { predictor, weights, examples }: EvaluatedNetworks,
): Promise<ModelAnswers> {
  const { seed, evaluation } = data.recipe;
  const plan = { views: evaluation.views, flip: evaluation.flip, seed };
  const matching = testTimeMatching(evaluation, examples);
  const ask = (use: keyof EvaluatedPositions, network: Weights) =>
    predictImages(data, positions[use], predictor, weights[network], plan, matching);
  const about = async (use: keyof EvaluatedPositions): Promise<NetworkPredictions> => ({
    teacher: await ask(use, 'teacher'),
    student: await ask(use, 'student'),
  });
  return { test: await about('test'), validation: await about('validation') };
}

/** @throws {DataError} when the test images have no labels. */
export function measure(
  data: EvaluatedData,
  positions: EvaluatedPositions,
  { facts }: EvaluatedNetworks,
  { test, validation }: ModelAnswers,
  ensemble?: Ensemble,
): EvaluationResult {
  const { landmarkNames } = data.dataset;
  const predictions = {
    ...test,
    ...(ensemble === undefined ? {} : { ensemble: ensemble.answers.test }),
    meanShape: predictShape(data, positions.test, data.meanShape),
  };
  const options = metricsOptions(data.recipe);
  const measured = Object.entries(predictions).map(
    ([set, images]) => [set, computeMetrics(images, landmarkNames, options)] as const,
  );
  const calibrated = {
    teacher: { test: test.teacher, validation: validation.teacher },
    student: { test: test.student, validation: validation.student },
    ...(ensemble === undefined ? {} : { ensemble: ensemble.answers }),
  };
  const metrics: MetricsFile = {
    version: 1,
    checkpoint: { stage: facts.recipe.stages[facts.stage]!.name, step: facts.step },
    ...Object.fromEntries(measured),
    ...(ensemble === undefined ? {} : { ensembleOf: ensemble.name }),
    conformal: measureRadii(calibrated, landmarkNames, data.recipe.evaluation.conformalLevel),
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
