import { rm, writeFile } from 'node:fs/promises';
import { formatSplit } from '../data/split.ts';
import { closePixels } from '../data/stored-pixels.ts';
import type { Engine } from '../engine/engine.ts';
import { openEngine } from '../engine/open.ts';
import type { LoadedRecipe } from '../recipe/load.ts';
import { Journal } from '../tracking/journal.ts';
import { startSystemMetrics } from '../tracking/system-metrics.ts';
import type { Tracker } from '../tracking/tracker.ts';
import { type Checkpoint, readCheckpoint, restoreWeights } from '../training/checkpoint.ts';
import { unpackExamples } from '../training/example-tensors.ts';
import { Predictor } from '../training/inference.ts';
import { PREVIOUS } from '../training/previous-checkpoint.ts';
import { describeCommit, describeEngine, describeMachine, type Environment } from './environment.ts';
import { evaluateImages, writeEvaluation } from './evaluation.ts';
import type { RunHeader, RunListener } from './events.ts';
import { type Experiment, prepareExperiment } from './experiment.ts';
import { DELIVERY_MS, openTracker } from './open-tracker.ts';
import { readingFor } from './reading-for.ts';
import { createRunDirectory, type RunDirectory, runDirectory } from './run-directory.ts';
import { withRunLock } from './run-lock.ts';
import { trackFiles, trackMetrics, writeTables } from './track-results.ts';
import { trackStart } from './tracked-facts.ts';
import { type Interruption, trainStages } from './train.ts';

/** A recipe and everything around it that a run needs. */
export interface RunRequest {
  readonly loaded: LoadedRecipe;
  /** As it was named. */
  readonly recipeFile: string;
  readonly overrides: readonly string[];
  /** See `TrainingContext`. */
  readonly registryModule: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly listener: RunListener;
  readonly interruption: Interruption;
  readonly now: Date;
}

export interface RunOutcome {
  readonly status: 'finished' | 'interrupted';
  readonly directory: RunDirectory;
}

/** How long the end of a run waits for the tracking server. */

/**
 * Trains, evaluates and reports a recipe in a new run folder.
 * @throws {FsxError} of the area that fails; what was trained until then stays in the folder and can be resumed.
 */
export async function startRun(request: RunRequest): Promise<RunOutcome> {
  const { recipe, text } = request.loaded;
  const engine = await openEngine(recipe.engine);
  const experiment = await prepare(request);
  const directory = await createRunDirectory(recipe.output, recipe.name, request.now);
  await writeFile(directory.recipe, text);
  await writeFile(directory.split, formatSplit(experiment.split));
  await writeFile(
    directory.environment,
    `${JSON.stringify(await environmentOf(request, engine), null, 2)}\n`,
  );
  return withRunLock(directory, () => new Run(request, engine, experiment, directory).execute(undefined));
}

/**
 * Goes on with a run from its last checkpoint, to the numbers that it would have had without a stop; from its
 * beginning when it has none.
 * @throws {RunError} for a checkpoint that does not suit the recipe.
 */
export async function continueRun(
  request: RunRequest,
  path: string,
  last: Checkpoint | undefined,
): Promise<RunOutcome> {
  const engine = await openEngine(request.loaded.recipe.engine);
  const experiment = await prepare(request);
  return new Run(request, engine, experiment, runDirectory(path)).execute(last);
}

async function prepare({ loaded, listener, registryModule }: RunRequest): Promise<Experiment> {
  const experiment = await prepareExperiment(loaded, readingFor(listener, registryModule));
  const { leftOut } = experiment;
  if (leftOut.length > 0) {
    const message = `Not used, since they are copies of test images: ${leftOut.join(', ')}.`;
    listener({ kind: 'notice', message });
  }
  return experiment;
}

async function environmentOf(request: RunRequest, engine: Engine): Promise<Environment> {
  const { loaded, recipeFile, overrides, now } = request;
  return {
    startedAt: now.toISOString(),
    recipeFile,
    recipeHash: loaded.hash,
    baseDirectory: loaded.baseDirectory,
    overrides: [...overrides],
    commit: await describeCommit(process.cwd()),
    engine: describeEngine(engine),
    node: process.version,
    machine: describeMachine(),
  };
}

class Run {
  readonly #request: RunRequest;
  readonly #engine: Engine;
  readonly #experiment: Experiment;
  readonly #directory: RunDirectory;
  readonly #tracker: Tracker | null;
  readonly #startMs = performance.now();

  constructor(request: RunRequest, engine: Engine, experiment: Experiment, directory: RunDirectory) {
    this.#request = request;
    this.#engine = engine;
    this.#experiment = experiment;
    this.#directory = directory;
    const { loaded, environment } = request;
    this.#tracker = openTracker(loaded, loaded.recipe.name, environment);
  }

  async execute(resumeFrom: Checkpoint | undefined): Promise<RunOutcome> {
    const resumeAfter = resumeFrom?.facts.journalSequence ?? 0;
    const journal = new Journal(this.#directory.path, { resumeAfter });
    try {
      const header = await this.#announce(journal);
      const stopSystemMetrics = startSystemMetrics(journal);
      const status = await this.#trainAndEvaluate(journal, header, resumeFrom).finally(stopSystemMetrics);
      journal.append({ kind: 'run-end', status: status === 'finished' ? 'finished' : 'killed' });
      return { status, directory: this.#directory };
    } catch (error) {
      journal.append({ kind: 'run-end', status: 'failed' });
      throw error;
    } finally {
      journal.close();
      closePixels(this.#experiment.store);
      await this.#deliver();
    }
  }

  /** Tells everyone that the run starts: whatever else its journal holds comes after that. */
  async #announce(journal: Journal): Promise<RunHeader> {
    const header = await this.#header();
    this.#request.listener({ kind: 'start', header });
    this.#tracker?.follow(this.#directory.path);
    await trackStart(journal, header, this.#experiment, this.#request.environment);
    return header;
  }

  async #trainAndEvaluate(
    journal: Journal,
    header: RunHeader,
    resumeFrom: Checkpoint | undefined,
  ): Promise<RunOutcome['status']> {
    const { loaded, listener, interruption, registryModule } = this.#request;
    const context = {
      experiment: this.#experiment,
      engine: this.#engine,
      directory: this.#directory,
      recipeHash: loaded.hash,
      pluginPaths: loaded.pluginFiles,
      baseDirectory: loaded.baseDirectory,
      ...{ journal, listener, interruption, registryModule },
    };
    const end = await trainStages(context, resumeFrom);
    if (end.status === 'interrupted') {
      const { stage, step } = end;
      const runDirectory = this.#directory.path;
      listener({ kind: 'interrupted', runDirectory, stage, step, cpuSeconds: cpuSeconds() });
      return 'interrupted';
    }
    await this.#evaluate(journal, header);
    // a finished run is not gone on with
    await rm(this.#directory.checkpoint(PREVIOUS), { force: true });
    return 'finished';
  }

  /** Evaluates the test images, writes everything that a reader of the run wants, and tracks it. */
  async #evaluate(journal: Journal, header: RunHeader): Promise<void> {
    const { model, store, meanShape, positions, recipe } = this.#experiment;
    if (positions.test.length === 0) {
      this.#request.listener({ kind: 'notice', message: 'No test images: nothing was evaluated.' });
      return;
    }
    const name = this.#evaluatedCheckpoint();
    const checkpoint = await readCheckpoint(this.#directory.checkpoint(name));
    const weights = {
      teacher: restoreWeights(checkpoint, model.layout, 'teacher'),
      student: restoreWeights(checkpoint, model.layout, 'student'),
    };
    const predictor = new Predictor(this.#engine, model, store.size, meanShape);
    const examples = unpackExamples(checkpoint.tensors);
    const networks = { predictor, weights, examples, facts: checkpoint.facts };
    const result = await evaluateImages(this.#experiment, positions, networks);
    const cases = await writeEvaluation(this.#directory, this.#experiment, result);
    trackMetrics(journal, header, this.#experiment, result);
    // its charts are half a second of imports, which no run shall begin with
    const { writeRunReport } = await import('./report-input.ts');
    await writeRunReport(this.#directory, {
      experiment: this.#experiment,
      header,
      result,
      cases,
      checkpoint,
    });
    await writeTables(this.#directory, this.#experiment, result);
    const overlays = cases.map(({ file }) => file);
    const { facts } = checkpoint;
    trackFiles(journal, this.#directory, overlays, { name: recipe.name, checkpoint: name, facts });
    const seconds = (performance.now() - this.#startMs) / 1000;
    const { listener } = this.#request;
    listener({
      kind: 'result',
      metrics: result.metrics,
      runDirectory: this.#directory.path,
      seconds,
      cpuSeconds: cpuSeconds(),
    });
  }

  /** Name of the checkpoint that the recipe wants evaluated. */
  #evaluatedCheckpoint(): string {
    const { recipe, positions } = this.#experiment;
    const best = recipe.evaluation.checkpoint === 'best' && positions.validation.length > 0;
    return best ? 'best' : 'last';
  }

  async #header(): Promise<RunHeader> {
    const { recipe, split, model } = this.#experiment;
    const sizes = Object.fromEntries(Object.entries(split).map(([use, ids]) => [use, ids.length]));
    return {
      name: recipe.name,
      recipeFile: this.#request.recipeFile,
      recipeHash: this.#request.loaded.hash,
      commit: await describeCommit(process.cwd()),
      seed: recipe.seed,
      engine: `${this.#engine.name}: ${this.#engine.description}`,
      engineReason: this.#engine.reason,
      parameters: model.layout.parameterCount,
      setSizes: sizes as RunHeader['setSizes'],
      runDirectory: this.#directory.path,
      tracking: this.#tracker?.description ?? 'journal only',
    };
  }

  async #deliver(): Promise<void> {
    const delivery = this.#tracker === null ? null : await this.#tracker.flush(DELIVERY_MS);
    this.#request.listener({ kind: 'tracking', delivery, runDirectory: this.#directory.path });
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
