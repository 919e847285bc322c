import { add, type Tensor4D } from '@tensorflow/tfjs-core';
import type { ForwardPass, ParameterScope } from '../parameters.ts';
import { convolution } from './convolution.ts';
import { upsample } from './resample.ts';

/** Makes one map of several, fine to coarse, each half as large as the one before. */
export type PyramidLayer = (maps: readonly Tensor4D[], pass: ForwardPass) => Tensor4D;

/**
 * The top-down path of a feature pyramid network (Lin et al., CVPR 2017): each map is projected by a 1x1 convolution,
 * and from the coarsest on, what is there is enlarged and added to the next finer one.
 * @param widths channels of the maps, fine to coarse.
 */
export function featurePyramid(
  scope: ParameterScope,
  widths: readonly number[],
  channels: number,
): PyramidLayer {
  const laterals = widths.map((from, level) =>
    convolution(scope.child(level), { from, to: channels, kernel: 1 }, { bias: true }),
  );
  return (maps, pass) =>
    laterals
      .map((lateral, level) => lateral(maps[level]!, pass))
      .reduceRight((coarse, fine) => add(fine, upsample(coarse, 2)));
}
