import { add, matMul, reshape, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { constant, uniformBias, uniformFanIn } from '../initializers.ts';
import type { ForwardPass, ParameterScope } from '../parameters.ts';

/** A function of the last axis: `[.., from]` -> `[.., to]`. */
export type FeatureLayer = (features: Tensor, pass: ForwardPass) => Tensor;

export interface LinearOptions {
  readonly bias?: boolean;
  /** Starts at zero, so that the layer adds nothing until it has learned something. */
  readonly zero?: boolean;
}

/** `x W + b` over the last axis; `kernel` is `[from, to]`. */
export function linear(
  scope: ParameterScope,
  from: number,
  to: number,
  { bias = true, zero = false }: LinearOptions = {},
): FeatureLayer {
  const kernel = scope.parameter('kernel', [from, to], zero ? constant(0) : uniformFanIn);
  const offset = bias ? scope.parameter('bias', [to], zero ? constant(0) : uniformBias(from)) : undefined;
  return (features, pass) => {
    const rows = reshape(features, [-1, from]) as Tensor2D;
    const product = matMul(rows, pass.parameter(kernel) as Tensor2D);
    const out = offset === undefined ? product : add(product, pass.parameter(offset));
    return reshape(out, [...features.shape.slice(0, -1), to]);
  };
}
