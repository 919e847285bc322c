import { type NamedTensorMap, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { initialParameters, initialStatistics } from '../nn/landmark-model.ts';
import type { ParameterLayout } from '../nn/parameters.ts';
import type { Optimizer } from './optimizer.ts';

/**
 * All that training carries from step to step, as flat vectors by name: `student.parameters`, `student.statistics`,
 * `teacher.parameters`, `teacher.statistics`, `optimizer.<slot>`.
 */
export type StateVectors = Readonly<Record<string, Float32Array>>;

/** Which of the two networks is meant. */
export type Weights = 'teacher' | 'student';

/** A model before its first step: student and teacher alike. */
export function freshState(layout: ParameterLayout, optimizer: Optimizer, seed: number): StateVectors {
  const weights = {
    parameters: initialParameters(layout, seed),
    statistics: initialStatistics(layout),
  };
  return stateFrom(weights, layout, optimizer);
}

/** A stage's first state: both networks as given, the optimizer at rest. */
export function stateFrom(
  weights: { readonly parameters: Float32Array; readonly statistics: Float32Array },
  layout: ParameterLayout,
  optimizer: Optimizer,
): StateVectors {
  const slots = optimizer.slots.map((slot) => [`optimizer.${slot}`, new Float32Array(layout.parameterCount)]);
  return {
    'student.parameters': weights.parameters,
    'student.statistics': weights.statistics,
    'teacher.parameters': weights.parameters.slice(),
    'teacher.statistics': weights.statistics.slice(),
    ...Object.fromEntries(slots),
  };
}

export function weightsOf(state: StateVectors, which: Weights) {
  return { parameters: state[`${which}.parameters`]!, statistics: state[`${which}.statistics`]! };
}

/** Puts the vectors on the engine. The caller disposes of them. */
export function toTensors(state: StateVectors): NamedTensorMap {
  return Object.fromEntries(Object.entries(state).map(([name, values]) => [name, tensor1d(values)]));
}

/** Reads the vectors back; the tensors stay. */
export function fromTensors(state: NamedTensorMap): StateVectors {
  const read = ([name, tensor]: [string, NamedTensorMap[string]]) => [
    name,
    tensor.dataSync() as Float32Array,
  ];
  return tidy(() => Object.fromEntries(Object.entries(state).map(read)));
}
