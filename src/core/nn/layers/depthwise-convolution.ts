import { depthwiseConv2d, pad, type Tensor4D } from '@tensorflow/tfjs-core';
import { uniformDepthwise } from '../initializers.ts';
import type { ParameterScope } from '../parameters.ts';
import { batchNorm } from './batch-norm.ts';
import { type MapLayer, sequence } from './convolution.ts';

export interface DepthwiseShape {
  readonly channels: number;
  /** Odd; the map is padded by half of it on every side. Default 3. */
  readonly kernel?: number;
  /** Default 1. */
  readonly stride?: number;
}

/** Convolution of each channel by a filter of its own, and batch norm; `kernel` is `[height, width, channels, 1]`. */
export function depthwiseConvolutionNorm(
  scope: ParameterScope,
  { channels, kernel = 3, stride = 1 }: DepthwiseShape,
): MapLayer {
  const weights = scope.child('conv').parameter('kernel', [kernel, kernel, channels, 1], uniformDepthwise);
  const convolve: MapLayer = (maps, pass) => {
    const filter = pass.parameter(weights) as Tensor4D;
    if (stride === 1) return depthwiseConv2d(maps, filter, 1, 'same');
    return depthwiseConv2d(framed(maps, (kernel - 1) / 2), filter, stride, 'valid');
  };
  return sequence(convolve, batchNorm(scope.child('norm'), channels));
}

/** Zeros on every side: TensorFlow's own depthwise gradients know no padding given as a number. */
function framed(maps: Tensor4D, border: number): Tensor4D {
  return pad(maps, [
    [0, 0],
    [border, border],
    [border, border],
    [0, 0],
  ]);
}
