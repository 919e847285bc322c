import { add, relu, type Tensor4D } from '@tensorflow/tfjs-core';
import type { ParameterScope } from '../parameters.ts';
import { batchNorm } from './batch-norm.ts';
import {
  type ConvolutionShape,
  convolution,
  convolutionNorm,
  type MapLayer,
  sequence,
} from './convolution.ts';

export interface ResidualShape {
  readonly from: number;
  /** Channels of the 3x3 convolutions. */
  readonly width: number;
  /** Default 1. */
  readonly stride?: number;
}

/** A bottleneck block ends with this many times its width. */
export const BOTTLENECK_EXPANSION = 4;

/** Two 3x3 convolutions and a shortcut (He et al. 2016); the first is the strided one. */
export function basicBlock(scope: ParameterScope, { from, width, stride = 1 }: ResidualShape): MapLayer {
  const body = sequence(
    numbered(scope, 1, { from, to: width, stride }),
    (maps) => relu(maps),
    numbered(scope, 2, { from: width, to: width }),
  );
  return residual(body, shortcut(scope, { from, to: width, stride }));
}

/**
 * 1x1, 3x3, 1x1 with four times the channels at the end, and a shortcut (He et al. 2016). The 3x3 is the strided one,
 * as in the published PyTorch weights.
 */
export function bottleneck(scope: ParameterScope, { from, width, stride = 1 }: ResidualShape): MapLayer {
  const to = BOTTLENECK_EXPANSION * width;
  const body = sequence(
    numbered(scope, 1, { from, to: width, kernel: 1 }),
    (maps) => relu(maps),
    numbered(scope, 2, { from: width, to: width, stride }),
    (maps) => relu(maps),
    numbered(scope, 3, { from: width, to, kernel: 1 }),
  );
  return residual(body, shortcut(scope, { from, to, stride }));
}

/** The n-th convolution and norm of a block: `conv1`, `bn1`, … */
export function numbered(scope: ParameterScope, n: number, shape: ConvolutionShape): MapLayer {
  return sequence(convolution(scope.child(`conv${n}`), shape), batchNorm(scope.child(`bn${n}`), shape.to));
}

/** Nothing where the body keeps the shape of its input, else a 1x1 convolution named `downsample`. */
function shortcut(scope: ParameterScope, shape: Omit<ConvolutionShape, 'kernel'>): MapLayer {
  if (shape.from === shape.to && shape.stride === 1) return (maps) => maps;
  return convolutionNorm(scope.child('downsample'), { ...shape, kernel: 1 });
}

function residual(body: MapLayer, around: MapLayer): MapLayer {
  return (maps, pass) => relu(add(around(maps, pass), body(maps, pass)) as Tensor4D);
}
