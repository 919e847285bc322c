import type { Scalar, Tensor1D } from '@tensorflow/tfjs-core';

/** One update of the flat parameter vector `[parameters]`. Pure: new vectors out, none changed. */
export interface Optimizer {
  /** Names of the vectors that it carries from step to step, zero at the start. */
  readonly slots: readonly string[];
  update(input: OptimizerInput): OptimizerOutput;
}

export interface OptimizerInput {
  readonly parameters: Tensor1D;
  readonly gradient: Tensor1D;
  readonly slots: Readonly<Record<string, Tensor1D>>;
  /** 1 where weight decay applies (kernels), 0 elsewhere (biases, batch norm). */
  readonly decayMask: Tensor1D;
  readonly learningRate: Scalar;
  /** Counts from 1. */
  readonly step: Scalar;
}

export interface OptimizerOutput {
  readonly parameters: Tensor1D;
  readonly slots: Readonly<Record<string, Tensor1D>>;
}

/** The learning rate's factor at a step, in [0, 1]. */
export interface Schedule {
  /** @param step counts from 1 to `steps`. */
  factor(step: number, steps: number): number;
}
