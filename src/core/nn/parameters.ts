import type { Tensor } from '@tensorflow/tfjs-core';
import type { Random } from '../random.ts';

/** Where a named block of numbers lies in a flat vector, and its shape. */
export interface Slot {
  /** Stable and readable: `backbone.stage3.0.branch1.2.conv1.kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/** Fills a new block with its starting values. */
export type Initializer = (values: Float32Array, shape: readonly number[], random: Random) => void;

/** A block that training changes by gradient. */
export interface ParameterSlot extends Slot {
  readonly initialize: Initializer;
}

/** A block that training changes by averaging what it sees: batch-norm means and variances. */
export interface StatisticSlot extends Slot {
  readonly initial: number;
}

/**
 * What a model is made of: two flat vectors, one for parameters and one for statistics, and the named blocks in
 * each. It holds no tensor; the vectors themselves belong to the training state.
 */
export class ParameterLayout {
  readonly parameters: ParameterSlot[] = [];
  readonly statistics: StatisticSlot[] = [];
  readonly #names = new Set<string>();

  get parameterCount(): number {
    return end(this.parameters);
  }

  get statisticCount(): number {
    return end(this.statistics);
  }

  addParameter(name: string, shape: readonly number[], initialize: Initializer): ParameterSlot {
    const slot = { ...this.#claim(name, shape, this.parameterCount), initialize };
    this.parameters.push(slot);
    return slot;
  }

  addStatistic(name: string, shape: readonly number[], initial: number): StatisticSlot {
    const slot = { ...this.#claim(name, shape, this.statisticCount), initial };
    this.statistics.push(slot);
    return slot;
  }

  #claim(name: string, shape: readonly number[], offset: number): Slot {
    if (this.#names.has(name)) throw new Error(`two parameters are named "${name}"`);
    this.#names.add(name);
    return { name, shape, offset, size: shape.reduce((product, extent) => product * extent, 1) };
  }
}

/** A place in the tree of names under which a layer declares what it learns. */
export class ParameterScope {
  readonly #layout: ParameterLayout;
  readonly #prefix: string;

  constructor(layout: ParameterLayout, prefix = '') {
    this.#layout = layout;
    this.#prefix = prefix;
  }

  child(name: string | number): ParameterScope {
    return new ParameterScope(this.#layout, this.#path(String(name)));
  }

  parameter(name: string, shape: readonly number[], initialize: Initializer): ParameterSlot {
    return this.#layout.addParameter(this.#path(name), shape, initialize);
  }

  statistic(name: string, shape: readonly number[], initial: number): StatisticSlot {
    return this.#layout.addStatistic(this.#path(name), shape, initial);
  }

  #path(name: string): string {
    return this.#prefix === '' ? name : `${this.#prefix}.${name}`;
  }
}

/**
 * One pass through a model with given numbers. Layers are functions of their input and a pass; the same layer runs
 * with the student's pass or the teacher's.
 */
export interface ForwardPass {
  /** In training, batch norm normalises by the batch and reports what it saw; otherwise by the stored statistics. */
  readonly training: boolean;
  parameter(slot: ParameterSlot): Tensor;
  statistic(slot: StatisticSlot): Tensor;
  /** Reports this batch's value of a statistic; the step averages it into the stored one. */
  observe(slot: StatisticSlot, value: Tensor): void;
}

function end(slots: readonly Slot[]): number {
  const last = slots.at(-1);
  return last === undefined ? 0 : last.offset + last.size;
}
