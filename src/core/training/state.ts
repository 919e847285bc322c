import { type NamedTensorMap, tensor } from '@tensorflow/tfjs-core';
import { initialParameters, initialStatistics } from '../nn/landmark-model.ts';
import type { ParameterLayout, Slot } from '../nn/parameters.ts';
import type { Optimizer } from './optimizer.ts';
import type { SslStrategy } from './strategy.ts';

/**
 * All that training carries from step to step, as flat vectors by name: `student.parameters`, `student.statistics`,
 * `teacher.*` likewise, `optimizer.<slot>`; `origin.*` and `memory.<name>` where the strategy keeps them.
 */
export type StateVectors = Readonly<Record<string, Float32Array>>;

/** The vectors of a state, and the named blocks that each is made of. */
export type StateLayout = Readonly<Record<string, readonly Slot[]>>;

/** Which of the networks is meant. */
export type Weights = 'teacher' | 'student';

export interface NetworkVectors {
  readonly parameters: Float32Array;
  readonly statistics: Float32Array;
}

export interface StateParts {
  readonly optimizer: Optimizer;
  readonly strategy: Pick<SslStrategy, 'keepsOrigin' | 'memory'>;
}

/**
 * @param landmarkCount and `unlabeledCount` give the size of what the strategy remembers of each unlabeled image.
 */
export function stateLayout(
  layout: ParameterLayout,
  { optimizer, strategy }: StateParts,
  landmarkCount: number,
  unlabeledCount: number,
): StateLayout {
  const memories = Object.entries(strategy.memory?.(landmarkCount) ?? {});
  return {
    ...networkLayout(layout, 'student'),
    ...networkLayout(layout, 'teacher'),
    ...(strategy.keepsOrigin === true ? networkLayout(layout, 'origin') : {}),
    ...Object.fromEntries(optimizer.slots.map((slot) => [`optimizer.${slot}`, layout.parameters])),
    ...Object.fromEntries(
      memories.map(([name, columns]) => [`memory.${name}`, [table(unlabeledCount, columns)]]),
    ),
  };
}

/** The two vectors of one network. */
export function networkLayout(layout: ParameterLayout, which: Weights | 'origin'): StateLayout {
  return { [`${which}.parameters`]: layout.parameters, [`${which}.statistics`]: layout.statistics };
}

/** A model before its first step. */
export function freshWeights(layout: ParameterLayout, seed: number): NetworkVectors {
  return { parameters: initialParameters(layout, seed), statistics: initialStatistics(layout) };
}

/** A stage's first state: every network as given, the optimizer at rest, nothing remembered. */
export function stateFrom(weights: NetworkVectors, layout: StateLayout): StateVectors {
  const entries = Object.entries(layout).map(([vector, slots]) => {
    if (vector.endsWith('.parameters')) return [vector, weights.parameters.slice()];
    if (vector.endsWith('.statistics')) return [vector, weights.statistics.slice()];
    return [vector, new Float32Array(sizeOf(slots))];
  });
  return Object.fromEntries(entries);
}

export function weightsOf(state: StateVectors, which: Weights): NetworkVectors {
  return { parameters: state[`${which}.parameters`]!, statistics: state[`${which}.statistics`]! };
}

/** Numbers in the vectors of all of these blocks. */
export function sizeOf(slots: readonly Slot[]): number {
  return slots.reduce((total, { size }) => total + size, 0);
}

/** Puts the vectors on the engine, memories as tables. The caller disposes of them. */
export function toTensors(state: StateVectors, layout: StateLayout): NamedTensorMap {
  const entries = Object.entries(state).map(([name, values]) => {
    const shape = name.startsWith('memory.') ? [...layout[name]![0]!.shape] : [values.length];
    return [name, tensor(values, shape)];
  });
  return Object.fromEntries(entries);
}

/** Reads the vectors back; the tensors stay. */
export async function fromTensors(state: NamedTensorMap): Promise<StateVectors> {
  const vectors = Object.entries(state).map(async ([name, tensor]) => [name, await tensor.data<'float32'>()]);
  return Object.fromEntries(await Promise.all(vectors));
}

function table(rows: number, columns: number): Slot {
  return { name: 'table', shape: [rows, columns], offset: 0, size: rows * columns };
}
