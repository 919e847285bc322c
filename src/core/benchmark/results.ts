import { join } from 'node:path';
import { cumulativeCurve } from '../evaluation/cumulative-curve.ts';
import type { Summary } from '../evaluation/metrics-schema.ts';
import { type LengthUnit, mean } from '../evaluation/radial-error.ts';
import { pointErrors } from '../evaluation/run-results.ts';
import { meanOverSeeds, type SeedMean } from '../evaluation/seeds.ts';
import { readEnvironment } from '../experiment/environment.ts';
import { runDirectory } from '../experiment/run-directory.ts';
import type { Recipe } from '../recipe/schema.ts';
import { compareMethods, type Opponent } from './compare-methods.ts';
import { type FinishedTrial, readFinishedTrials } from './finished-trial.ts';
import type { Benchmark } from './load.ts';
import type { Manifest, TrialRecord, TrialState } from './manifest.ts';
import { type Trial, totalSteps } from './plan.ts';

/** What a benchmark found so far: the content of `results.json`. */
export interface BenchmarkResults {
  readonly version: 1;
  readonly name: string;
  readonly description: string;
  /** Whose predictions. */
  readonly weights: 'teacher';
  readonly engine: string;
  /** Commits of the code that trained: more than one is worth a look. */
  readonly commits: readonly string[];
  readonly methods: readonly { readonly name: string; readonly description: string }[];
  readonly datasets: readonly DatasetResults[];
  /** Trials without results, and why. */
  readonly unfinished: readonly UnfinishedTrial[];
}

export interface UnfinishedTrial {
  readonly trial: string;
  readonly state: Exclude<TrialState, 'finished'>;
  readonly error: string | null;
}

export interface DatasetResults {
  readonly name: string;
  /** The test split: its name, or how many images each seed draws. */
  readonly test: string;
  readonly unit: LengthUnit;
  readonly failureRadius: number;
  /** Mean over the seeds of the mean shape's MRE: what needs no network. Null where a run did not measure it. */
  readonly meanShape: number | null;
  readonly reference: string;
  readonly methods: readonly MethodResults[];
}

/** Every number is the mean over the seeds of what each run's own `metrics.json` says. */
export interface MethodResults {
  readonly name: string;
  readonly seeds: readonly SeedResults[];
  /** Seeds that the file asks for and that are not finished. */
  readonly missingSeeds: readonly number[];
  /** Of all stages, with those of a shared first stage. */
  readonly steps: number;
  readonly sharedSteps: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly timeIsWhole: boolean;
  readonly mre: SeedMean;
  /** Standard deviation of the radial errors of a run's test points. */
  readonly sd: number;
  readonly median: number;
  readonly sdr: readonly { readonly radius: number; readonly rate: number }[];
  /** Share of images whose mean error exceeds the failure radius. */
  readonly failedImages: number;
  /** `[error, share]`, the points of all seeds together. */
  readonly cumulative: readonly (readonly [number, number])[];
  /** Null for the reference, and where no seed is finished for both. */
  readonly versus: Opponent | null;
}

export interface SeedResults {
  readonly seed: number;
  /** Folder of the run, relative to the benchmark's. */
  readonly run: string;
  readonly images: number;
  readonly mre: number;
}

/**
 * Gathers the results of the trials that are finished.
 * @throws {RunError} FSX_RUN_UNREADABLE, FSX_PREDICTIONS_UNREADABLE or FSX_RUNS_NOT_COMPARABLE.
 */
export async function collectResults(
  { settings }: Benchmark,
  plan: readonly Trial[],
  manifest: Manifest,
): Promise<BenchmarkResults> {
  const isFinished = (trial: Trial) => manifest.stateOf(trial) === 'finished';
  const finished = await readFinishedTrials(plan, manifest);
  const datasets = Object.keys(settings.datasets).filter((name) =>
    finished.some(({ trial }) => trial.dataset === name),
  );
  return {
    version: 1,
    name: settings.name,
    description: settings.description,
    weights: 'teacher',
    engine: manifest.engine,
    commits: await commitsOf(finished, manifest),
    methods: Object.entries(settings.methods).map(([name, { description }]) => ({ name, description })),
    datasets: datasets.map((name) => datasetResults(name, { settings, plan, manifest, finished })),
    unfinished: plan.filter((trial) => !isFinished(trial)).map((trial) => unfinished(trial, manifest)),
  };
}

async function commitsOf(finished: readonly FinishedTrial[], { directory }: Manifest): Promise<string[]> {
  const commits = finished.map(async ({ record }) => {
    const { environment } = runDirectory(join(directory, record.run!));
    return (await readEnvironment(environment)).commit;
  });
  return [...new Set(await Promise.all(commits))];
}

function unfinished(trial: Trial, manifest: Manifest): UnfinishedTrial {
  const state = manifest.stateOf(trial) as UnfinishedTrial['state'];
  return { trial: trial.id, state, error: manifest.recordOf(trial)?.error ?? null };
}

interface Finished {
  readonly settings: Benchmark['settings'];
  readonly plan: readonly Trial[];
  readonly manifest: Manifest;
  readonly finished: readonly FinishedTrial[];
}

function datasetResults(name: string, all: Finished): DatasetResults {
  const own = all.finished.filter(({ trial }) => trial.dataset === name);
  const { metrics } = own[0]!.results;
  const meanShapes = own.flatMap(({ results }) => results.meanShape?.overall.mre.value ?? []);
  const methods = Object.keys(all.settings.methods).filter((method) =>
    own.some(({ trial }) => trial.method === method),
  );
  const opponents = compareMethods(all.settings, own);
  return {
    name,
    test: describeTest(own[0]!.trial.recipe),
    unit: metrics.unit,
    failureRadius: metrics.failureRadius,
    meanShape: meanShapes.length === 0 ? null : mean(meanShapes),
    reference: all.settings.reference,
    methods: methods.map((method) =>
      methodResults(
        method,
        own.filter(({ trial }) => trial.method === method),
        opponents.get(method) ?? null,
        all,
      ),
    ),
  };
}

function methodResults(
  name: string,
  own: readonly FinishedTrial[],
  versus: Opponent | null,
  { plan, manifest }: Finished,
): MethodResults {
  const [{ trial, results }] = own as [FinishedTrial, ...FinishedTrial[]];
  const summaries = own.map((one) => one.results.metrics.overall);
  const average = (value: (summary: Summary) => number) => mean(summaries.map(value));
  const times = own.map(({ record }) => timeOf(record, manifest));
  const isShared = own.some(({ record }) => record.startsFrom !== null);
  const planned = plan.filter(({ dataset, method }) => dataset === trial.dataset && method === name);
  const done = own.map((one) => one.trial.seed);
  return {
    name,
    seeds: own.map(seedResults),
    missingSeeds: planned.map(({ seed }) => seed).filter((seed) => !done.includes(seed)),
    steps: totalSteps(trial.recipe),
    sharedSteps: isShared ? trial.recipe.stages[0]!.steps : 0,
    wallSeconds: mean(times.map(({ wallSeconds }) => wallSeconds)),
    cpuSeconds: mean(times.map(({ cpuSeconds }) => cpuSeconds)),
    timeIsWhole: times.every(({ timeIsWhole }) => timeIsWhole),
    mre: meanOverSeeds(summaries.map(({ mre }) => mre.value)),
    sd: average(({ sd }) => sd),
    median: average(({ median }) => median.value),
    sdr: results.metrics.overall.sdr.map(({ radius }, index) => ({
      radius,
      rate: average(({ sdr }) => sdr[index]!.rate.value),
    })),
    failedImages: average(({ failureRate }) => failureRate.images.value),
    cumulative: cumulativeCurve(
      own.flatMap((one) => pointErrors(one.results, [...one.results.pointsByImage.keys()])),
      results.metrics.curveLimit,
    ),
    versus,
  };
}

function seedResults({ trial, record, results: { metrics } }: FinishedTrial): SeedResults {
  return { seed: trial.seed, run: record.run!, images: metrics.images, mre: metrics.overall.mre.value };
}

type TrialTime = Pick<TrialRecord, 'wallSeconds' | 'cpuSeconds' | 'timeIsWhole'>;

/** With the time of the shared stage, as if the trial had trained it itself. */
function timeOf(record: TrialRecord, manifest: Manifest): TrialTime {
  const source = record.startsFrom === null ? undefined : manifest.recordOf({ id: record.startsFrom });
  if (source === undefined) return record;
  return {
    wallSeconds: record.wallSeconds + source.wallSeconds,
    cpuSeconds: record.cpuSeconds + source.cpuSeconds,
    timeIsWhole: record.timeIsWhole && source.timeIsWhole,
  };
}

function describeTest({ data }: Recipe): string {
  const { test } = data.split;
  if (typeof test === 'string') return `the part "${test}"`;
  return Array.isArray(test) ? `${test.length} named images` : `${test} images, drawn by each seed`;
}
