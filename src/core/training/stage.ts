import { dispose, type NamedTensorMap, scalar, tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import type { HostArray, HostBatch } from '../data/batch.ts';
import type { Engine, TensorFunction } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import type { LandmarkModel } from '../nn/landmark-model.ts';
import type { ParameterLayout } from '../nn/parameters.ts';
import type { ResolvedStage } from '../recipe/schema.ts';
import type { Optimizer, Schedule } from './optimizer.ts';
import { fromTensors, type StateLayout, type StateVectors, toTensors } from './state.ts';
import { trainingStep } from './step.ts';
import type { StepMetrics } from './step-metrics.ts';
import type { LandmarkLoss, SslStrategy, StageProgress } from './strategy.ts';

/** The plugins that a stage names, made. */
export interface StageParts {
  readonly strategy: SslStrategy;
  readonly supervisedLoss: LandmarkLoss;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
}

/** Where a stage begins or goes on. */
export interface StageStart {
  readonly layout: StateLayout;
  readonly state: StateVectors;
  /** Steps of the stage that are done. */
  readonly step: number;
  /** Its weights began at random, so that the teacher must first forget them. */
  readonly freshStart: boolean;
  /** Unlabeled images that the stage draws from; 0 where it uses none. */
  readonly unlabeledCount: number;
}

/** After so many steps in a row without a finite gradient, the training has diverged. */
const PATIENCE = 20;

/**
 * A stage while it trains: the state on the engine, and one method that moves it by a step. It knows no clock, files
 * or random numbers.
 */
export class StageTrainer {
  readonly #stage: ResolvedStage;
  readonly #parts: StageParts;
  readonly #start: StageStart;
  readonly #constants: NamedTensorMap;
  readonly #run: TensorFunction;
  #state: NamedTensorMap;
  #step: number;
  #badSteps = 0;

  constructor(
    engine: Engine,
    model: LandmarkModel,
    stage: ResolvedStage,
    parts: StageParts,
    meanShape: Float32Array,
    start: StageStart,
  ) {
    this.#stage = stage;
    this.#parts = parts;
    this.#start = start;
    this.#constants = {
      'constant.meanShape': tensor2d(meanShape, [meanShape.length / 2, 2]),
      'constant.decayMask': tensor1d(decayMask(model.layout)),
    };
    this.#state = toTensors(start.state, start.layout);
    this.#step = start.step;
    this.#run = engine.compile(
      `stage ${stage.name}`,
      trainingStep({ model, ...parts, clipNorm: stage.clipNorm }),
    );
  }

  /** Steps that are done. */
  get step(): number {
    return this.#step;
  }

  /** What the state is made of. */
  get layout(): StateLayout {
    return this.#start.layout;
  }

  /**
   * Learns from a batch.
   * @throws {RunError} FSX_TRAINING_DIVERGED.
   */
  async advance(batch: HostBatch): Promise<StepMetrics> {
    const inputs = { ...batchTensors(batch), ...this.#scalars() };
    const outputs = this.#run({ ...this.#state, ...inputs, ...this.#constants });
    dispose(inputs);
    const metrics = await this.#takeOutputs(outputs);
    this.#step += 1;
    this.#watch(metrics);
    return metrics;
  }

  /** The state as plain vectors. */
  readState(): Promise<StateVectors> {
    return fromTensors(this.#state);
  }

  dispose(): void {
    dispose([...Object.values(this.#state), ...Object.values(this.#constants)]);
  }

  #scalars(): NamedTensorMap {
    const step = this.#step + 1;
    const { steps, learningRate, ema } = this.#stage;
    const rate = learningRate * this.#parts.schedule.factor(step, steps);
    const weights = Object.entries(this.#parts.strategy.scalars(this.#progress()));
    const forgetting = Math.min(ema.decay, 1 - 1 / (step + 1));
    return {
      'scalar.step': scalar(step),
      'scalar.learningRate': scalar(rate),
      'scalar.emaDecay': scalar(this.#start.freshStart ? forgetting : ema.decay),
      ...Object.fromEntries(weights.map(([name, value]) => [`strategy.${name}`, scalar(value)])),
    };
  }

  #progress(): StageProgress {
    const { steps, unlabeledBatch } = this.#stage;
    const seen = this.#step * unlabeledBatch;
    const { unlabeledCount } = this.#start;
    return {
      done: (this.#step + 1) / steps,
      epoch: unlabeledCount === 0 ? 0 : Math.floor(seen / unlabeledCount),
    };
  }

  /** Keeps the new state, reads the metrics, frees the rest. */
  async #takeOutputs(outputs: NamedTensorMap): Promise<StepMetrics> {
    const isMetric = ([name]: [string, unknown]) => name.startsWith('metric.');
    const entries = Object.entries(outputs);
    const metrics = entries.filter(isMetric);
    dispose(this.#state);
    this.#state = Object.fromEntries(entries.filter((entry) => !isMetric(entry)));
    const values = await Promise.all(metrics.map(([, value]) => value.data()));
    dispose(Object.fromEntries(metrics));
    return Object.fromEntries(metrics.map(([name], i) => [name.slice('metric.'.length), values[i]![0]!]));
  }

  #watch(metrics: StepMetrics): void {
    this.#badSteps = metrics.finite === 1 ? 0 : this.#badSteps + 1;
    if (this.#badSteps < PATIENCE) return;
    throw new RunError(
      'FSX_TRAINING_DIVERGED',
      `stage "${this.#stage.name}": no finite gradient in the last ${PATIENCE} steps (at step ${this.#step})`,
      { suggestion: 'Lower training.learningRate or training.clipNorm, or raise the warm-up.' },
    );
  }
}

function batchTensors(batch: HostBatch): NamedTensorMap {
  const named = (prefix: string, arrays: Readonly<Record<string, HostArray>>) =>
    Object.entries(arrays).map(([name, { values, shape }]) => [
      `${prefix}.${name}`,
      tensor(values, [...shape]),
    ]);
  const { labeled = {}, unlabeled = {} } = batch;
  return Object.fromEntries([...named('labeled', labeled), ...named('unlabeled', unlabeled)]);
}

/** Kernels decay; biases, batch norm and edge matrices do not. */
function decayMask(layout: ParameterLayout): Float32Array {
  const mask = new Float32Array(layout.parameterCount);
  for (const { name, offset, size } of layout.parameters) {
    if (name.endsWith('.kernel')) mask.fill(1, offset, offset + size);
  }
  return mask;
}
