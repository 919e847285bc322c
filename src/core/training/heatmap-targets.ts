import {
  div,
  exp,
  expandDims,
  mul,
  range,
  reshape,
  type Scalar,
  split,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  transpose,
} from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { weightedMean } from './landmark-distance.ts';

/** Options of losses that draw heatmaps to be learned. */
export const heatmapTargetOptions = {
  sigma: Type.Number({
    description: 'σ of the Gaussian at each landmark, in the unit below.',
    default: 2,
    exclusiveMinimum: 0,
  }),
  sigmaUnit: Type.Union([Type.Literal('heatmap'), Type.Literal('image')], {
    description:
      'heatmap: pixels of the heatmap; image: share of the image, so that it does not depend on the stride.',
    default: 'heatmap',
  }),
};

export interface HeatmapTargetShape {
  readonly sigma: number;
  readonly sigmaUnit: 'heatmap' | 'image';
}

/** σ in pixels of heatmaps of this size. A share of the image is one of its longer side. */
export function sigmaPx({ sigma, sigmaUnit }: HeatmapTargetShape, { shape }: Tensor4D): number {
  return sigmaUnit === 'heatmap' ? sigma : sigma * Math.max(shape[1], shape[2]);
}

/**
 * Gaussians with peak 1 at points `[batch, landmarks, 2]` in [0, 1] of the image, as heatmaps
 * `[batch, height, width, landmarks]`. Of a point outside, as much as reaches into the image.
 */
export function gaussianHeatmaps(
  points: Tensor3D,
  { height, width, sigma }: { readonly height: number; readonly width: number; readonly sigma: number },
): Tensor4D {
  const [x, y] = split(transpose(points, [0, 2, 1]), 2, 1) as [Tensor, Tensor];
  return mul(expandDims(bell(y, height, sigma), 2), expandDims(bell(x, width, sigma), 1)) as Tensor4D;
}

/** `[batch, 1, landmarks]` in [0, 1] -> `[batch, size, landmarks]`: the Gaussian along one axis. */
function bell(position: Tensor, size: number, sigma: number): Tensor {
  const pixel = sub(mul(position, size), 0.5);
  const distance = sub(reshape(range(0, size, 1, 'float32'), [1, size, 1]), pixel);
  return exp(mul(square(distance), -0.5 / sigma ** 2));
}

/**
 * The mean over heatmaps of what each pixel costs `[batch, height, width, landmarks]`, in units of the area of a
 * Gaussian, so that neither σ nor the heatmap's size changes how much a landmark counts.
 * @param weight `[batch, landmarks]`, 0 leaves a heatmap out.
 */
export function meanOverHeatmaps(costs: Tensor4D, weight: Tensor2D, sigma: number): Scalar {
  return weightedMean(div(sum(costs, [1, 2]), 2 * Math.PI * sigma ** 2) as Tensor2D, weight);
}
