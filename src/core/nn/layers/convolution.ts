import { add, conv2d, relu, type Tensor4D } from '@tensorflow/tfjs-core';
import { constant, uniformBias, uniformFanIn } from '../initializers.ts';
import type { ForwardPass, ParameterScope } from '../parameters.ts';
import { batchNorm } from './batch-norm.ts';

/** A function of feature maps `[batch, height, width, channels]`. */
export type MapLayer = (maps: Tensor4D, pass: ForwardPass) => Tensor4D;

export interface ConvolutionShape {
  readonly from: number;
  readonly to: number;
  /** Odd; the map is padded by half of it on every side, as PyTorch's `padding=k // 2`. Default 3. */
  readonly kernel?: number;
  readonly stride?: number;
}

export interface ConvolutionOptions {
  /** Default false. */
  readonly bias?: boolean;
  /** Starts at zero, so that the layer's maps are empty until it has learned something. */
  readonly zero?: boolean;
}

/** A 2-D convolution; `kernel` is `[height, width, from, to]`. */
export function convolution(
  scope: ParameterScope,
  { from, to, kernel = 3, stride = 1 }: ConvolutionShape,
  { bias = false, zero = false }: ConvolutionOptions = {},
): MapLayer {
  const weights = scope.parameter('kernel', [kernel, kernel, from, to], zero ? constant(0) : uniformFanIn);
  const initialBias = zero ? constant(0) : uniformBias(kernel * kernel * from);
  const offset = bias ? scope.parameter('bias', [to], initialBias) : undefined;
  const pad = stride === 1 ? 'same' : (kernel - 1) / 2;
  return (maps, pass) => {
    const out = conv2d(maps, pass.parameter(weights) as Tensor4D, stride, pad);
    return offset === undefined ? out : add(out, pass.parameter(offset));
  };
}

/** Convolution and batch norm under the names `conv` and `norm`. */
export function convolutionNorm(scope: ParameterScope, shape: ConvolutionShape): MapLayer {
  return sequence(convolution(scope.child('conv'), shape), batchNorm(scope.child('norm'), shape.to));
}

/** Convolution, batch norm and ReLU. */
export function convolutionNormRelu(scope: ParameterScope, shape: ConvolutionShape): MapLayer {
  return sequence(convolutionNorm(scope, shape), (maps) => relu(maps));
}

export function sequence(...layers: readonly MapLayer[]): MapLayer {
  return (maps, pass) => layers.reduce((current, layer) => layer(current, pass), maps);
}
