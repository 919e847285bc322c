import { resolve } from 'node:path';
import type { BatchPlan } from '../data/batch.ts';
import { BatchThreads } from '../data/batch-threads.ts';
import { BatchLoader } from '../data/loader.ts';
import type { Engine } from '../engine/engine.ts';
import type { EvaluatedPrediction } from '../evaluation/prediction.ts';
import { mean, meanError, radialErrors } from '../evaluation/radial-error.ts';
import type { Example } from '../matching/landmark-matcher.ts';
import { type ResolvedStage, resolveStage, stepOfRun } from '../recipe/schema.ts';
import type { Journal } from '../tracking/journal.ts';
import {
  type Checkpoint,
  type CheckpointFacts,
  readCheckpoint,
  restoreWeights,
  writeCheckpoint,
} from '../training/checkpoint.ts';
import { Predictor } from '../training/inference.ts';
import { keepPrevious, PREVIOUS } from '../training/previous-checkpoint.ts';
import { type StageParts, type StageStart, StageTrainer } from '../training/stage.ts';
import { type NetworkVectors, type StateVectors, weightsOf } from '../training/state.ts';
import type { RunListener } from './events.ts';
import type { Experiment } from './experiment.ts';
import { firstWeights } from './first-weights.ts';
import { predictImages } from './predict.ts';
import { ProgressMeter } from './progress-meter.ts';
import { exampleOf } from './rasters.ts';
import type { RunDirectory } from './run-directory.ts';
import { makeStageParts } from './stage-parts.ts';
import { firstStart, resumedStart } from './stage-start.ts';
import { drawValidation } from './validation-picture.ts';

/** Set from outside, for instance by Ctrl-C: training stops after the step that it is in. */
export interface Interruption {
  requested: boolean;
}

export interface TrainingContext {
  readonly experiment: Experiment;
  readonly recipeHash: string;
  readonly engine: Engine;
  readonly directory: RunDirectory;
  readonly journal: Journal;
  readonly listener: RunListener;
  readonly interruption: Interruption;
  /** URL of a module that exports `createRegistry(pluginPaths)`, for the loader's thread. */
  readonly registryModule: string;
  /** The recipe's own plugins. */
  readonly pluginPaths: readonly string[];
  /** Relative paths of the recipe start here. */
  readonly baseDirectory: string;
}

/** How training ended, with the state it ended in. */
export type TrainingEnd =
  | { readonly status: 'finished'; readonly state: StateVectors }
  | { readonly status: 'interrupted'; readonly stage: string; readonly step: number };

/**
 * Trains the recipe's stages in order, from the beginning or from a checkpoint. At every checkpoint, and when it is
 * interrupted, all that is needed to go on is in `checkpoints/last`.
 * @throws {RunError} when training diverges or a file cannot be written.
 */
export async function trainStages(context: TrainingContext, resumeFrom?: Checkpoint): Promise<TrainingEnd> {
  const { recipe } = context.experiment;
  const threads = batchThreads(context.experiment, context);
  try {
    const training = new Training(context, threads, resumeFrom?.facts.bestValidationPx ?? null);
    let end: TrainingEnd | undefined;
    for (let index = resumeFrom?.facts.stage ?? 0; index < recipe.stages.length; index++) {
      const resumed = resumeFrom?.facts.stage === index ? resumeFrom : undefined;
      end = await training.runStage(resolveStage(recipe, index), resumed);
      if (end.status === 'interrupted') return end;
    }
    return end!;
  } finally {
    await threads.close();
  }
}

class Training {
  readonly #context: TrainingContext;
  readonly #threads: BatchThreads;
  readonly #predictor: Predictor;
  /** What a checkpoint must hold for `evaluation.matching`. */
  readonly #examples: readonly Example[];
  #bestPx: number | null;

  constructor(context: TrainingContext, threads: BatchThreads, bestPx: number | null) {
    const { model, store, meanShape, positions, recipe } = context.experiment;
    this.#context = context;
    this.#threads = threads;
    this.#predictor = new Predictor(context.engine, model, store.size, meanShape);
    const matched = recipe.evaluation.matching ? positions.labeled : [];
    this.#examples = matched.map((position) => exampleOf(store, position));
    this.#bestPx = bestPx;
  }

  async runStage(stage: ResolvedStage, resumed: Checkpoint | undefined): Promise<TrainingEnd> {
    const { experiment, engine, listener } = this.#context;
    const parts = makeStageParts(experiment.plugins, stage);
    const start = await this.#startOf(stage, parts, resumed);
    const { step } = start;
    const drawn = { plan: stage.index, firstStep: step, endStep: stage.steps };
    const loader = new BatchLoader(this.#threads, drawn);
    const trainer = new StageTrainer(engine, experiment.model, stage, parts, experiment.meanShape, start);
    listener({ kind: 'stage', name: stage.name, strategy: stage.ssl.type, steps: stage.steps });
    try {
      const imagesPerStep = imagesOfAStep(stage, parts);
      return await this.#loop(stage, trainer, loader, new ProgressMeter(stage.steps, imagesPerStep, step));
    } finally {
      trainer.dispose();
    }
  }

  async #loop(
    stage: ResolvedStage,
    trainer: StageTrainer,
    loader: BatchLoader,
    meter: ProgressMeter,
  ): Promise<TrainingEnd> {
    while (trainer.step < stage.steps) {
      if (this.#context.interruption.requested) {
        await this.#save('last', stage, trainer);
        return { status: 'interrupted', stage: stage.name, step: trainer.step };
      }
      const batch = await loader.next();
      meter.add(await trainer.advance(batch), loader.waitedMs);
      await this.#afterStep(stage, trainer, meter);
    }
    await this.#save(stage.name, stage, trainer);
    await this.#save('last', stage, trainer);
    return { status: 'finished', state: await trainer.readState() };
  }

  async #afterStep(stage: ResolvedStage, trainer: StageTrainer, meter: ProgressMeter): Promise<void> {
    const { step } = trainer;
    const due = (every: number) => step % every === 0 || step === stage.steps;
    if (due(stage.logEvery)) this.#log(stage, step, meter);
    if (due(stage.validateEvery)) await this.#validate(stage, trainer);
    if (step % stage.checkpointEvery === 0 && step < stage.steps) await this.#save('last', stage, trainer);
  }

  #log(stage: ResolvedStage, step: number, meter: ProgressMeter): void {
    const progress = meter.take(step);
    this.#track(stage, step, 'train', {
      ...progress.metrics,
      images_per_second: progress.imagesPerSecond,
      loader_wait_share: progress.waitShare,
    });
    this.#context.listener({ kind: 'progress', stage: stage.name, steps: stage.steps, step, ...progress });
  }

  async #validate(stage: ResolvedStage, trainer: StageTrainer): Promise<void> {
    const { experiment } = this.#context;
    const { positions } = experiment;
    if (positions.validation.length === 0) return;
    const state = await trainer.readState();
    const plainView = { views: 0, flip: false, seed: experiment.recipe.seed };
    const answers = (which: 'teacher' | 'student') =>
      predictImages(experiment, positions.validation, this.#predictor, weightsOf(state, which), plainView);
    const ofTeacher = await answers('teacher');
    const [teacherPx, studentPx] = [meanErrorPx(ofTeacher), meanErrorPx(await answers('student'))];
    const best = this.#bestPx === null || teacherPx < this.#bestPx;
    this.#track(stage, trainer.step, 'val', { mre_px: teacherPx, student_mre_px: studentPx });
    await this.#trackPicture(stage, trainer.step, ofTeacher[0]!);
    this.#context.listener({
      kind: 'validation',
      stage: stage.name,
      step: trainer.step,
      teacherPx,
      studentPx,
      best,
    });
    if (!best) return;
    this.#bestPx = teacherPx;
    await this.#save('best', stage, trainer);
  }

  async #trackPicture(stage: ResolvedStage, step: number, first: EvaluatedPrediction): Promise<void> {
    const { experiment, directory, journal } = this.#context;
    if (experiment.recipe.evaluation.overlays === 0) return;
    const image = await drawValidation(
      experiment,
      directory,
      first,
      stepOfRun(experiment.recipe, stage.index, step),
    );
    journal.append({ kind: 'image', image });
  }

  #track(stage: ResolvedStage, step: number, prefix: string, values: Readonly<Record<string, number>>): void {
    const metrics = Object.entries(values).map(([name, value]) => [`${prefix}/${name}`, value]);
    this.#context.journal.append({
      kind: 'metrics',
      step: stepOfRun(this.#context.experiment.recipe, stage.index, step),
      metrics: Object.fromEntries(metrics),
    });
  }

  async #save(name: string, stage: ResolvedStage, trainer: StageTrainer): Promise<void> {
    const { experiment, directory, journal, recipeHash } = this.#context;
    journal.sync();
    const { landmarkNames, mirrorPairs, edges } = experiment.dataset;
    const facts: CheckpointFacts = {
      stage: stage.index,
      step: trainer.step,
      bestValidationPx: this.#bestPx,
      journalSequence: journal.sequence,
      recipe: experiment.recipe,
      recipeHash,
      landmarkNames,
      mirrorPairs,
      edges,
      meanShape: pairs(experiment.meanShape),
    };
    const path = directory.checkpoint(name);
    if (name === 'last') await keepPrevious(path, directory.checkpoint(PREVIOUS));
    await writeCheckpoint(path, await trainer.readState(), trainer.layout, facts, this.#examples);
  }

  async #startOf(
    stage: ResolvedStage,
    parts: StageParts,
    resumed: Checkpoint | undefined,
  ): Promise<StageStart> {
    const { experiment, listener } = this.#context;
    if (resumed !== undefined) return resumedStart(experiment, stage, parts, resumed);
    const weights = await this.#firstWeights(stage);
    const onProgress = (done: number, total: number) =>
      listener({ kind: 'preparing', what: `unlabeled images for ${stage.name}`, done, total });
    return firstStart(experiment, stage, parts, { predictor: this.#predictor, weights, onProgress });
  }

  async #firstWeights({ from }: ResolvedStage): Promise<NetworkVectors> {
    const { experiment, baseDirectory, listener } = this.#context;
    if (from === null) return firstWeights(experiment, baseDirectory, listener);
    const checkpoint = await readCheckpoint(this.#checkpointFile(from));
    return restoreWeights(checkpoint, experiment.model.layout, 'teacher');
  }

  /** `from` is an earlier stage of this run, or a file. */
  #checkpointFile(from: string): string {
    const { experiment, directory, baseDirectory } = this.#context;
    const isStage = experiment.recipe.stages.some(({ name }) => name === from);
    return isStage ? directory.checkpoint(from) : resolve(baseDirectory, from);
  }
}

/** Threads that make the batches of all stages of a recipe. */
export function batchThreads(
  experiment: Experiment,
  { registryModule, pluginPaths }: Pick<TrainingContext, 'registryModule' | 'pluginPaths'>,
): BatchThreads {
  const { recipe, plugins, store } = experiment;
  const plans = [...recipe.stages.keys()].map((index) => {
    const stage = resolveStage(recipe, index);
    return batchPlan(experiment, stage, makeStageParts(plugins, stage));
  });
  return new BatchThreads({ store, plans, augmentation: recipe.augmentation, registryModule, pluginPaths });
}

/** Which images a stage draws from. */
export function batchPlan(
  { recipe, positions }: Experiment,
  stage: ResolvedStage,
  { strategy }: StageParts,
): BatchPlan {
  const labeled = { images: positions.labeled, batch: stage.labeledBatch };
  const unlabeled = { images: positions.unlabeled, batch: stage.unlabeledBatch };
  return {
    seed: recipe.seed,
    stage: stage.name,
    donors: [...positions.labeled, ...positions.unlabeled],
    ...(usesLabeled(strategy) && { labeled }),
    ...(strategy.usesUnlabeled && { unlabeled }),
  };
}

function imagesOfAStep({ labeledBatch, unlabeledBatch }: ResolvedStage, { strategy }: StageParts): number {
  return (usesLabeled(strategy) ? labeledBatch : 0) + (strategy.usesUnlabeled ? unlabeledBatch : 0);
}

function usesLabeled({ usesLabeled = true }: StageParts['strategy']): boolean {
  return usesLabeled;
}

function meanErrorPx(predictions: readonly EvaluatedPrediction[]): number {
  const errors = predictions.map((prediction) => meanError(radialErrors(prediction, 'px')));
  return mean(errors.filter((error) => error !== undefined));
}

function pairs(shape: Float32Array): [number, number][] {
  return Array.from({ length: shape.length / 2 }, (_, i) => [shape[i * 2]!, shape[i * 2 + 1]!]);
}
