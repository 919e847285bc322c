import { Type } from 'typebox';
import type { ParameterScope } from '../parameters.ts';
import { convolutionNormRelu, type MapLayer, sequence } from './convolution.ts';
import { upsample } from './resample.ts';

/** Options of every head that draws maps. */
export const heatmapOptions = {
  hidden: Type.Integer({
    description: 'Channels of the convolutions before the heatmaps.',
    default: 32,
    minimum: 1,
  }),
  upsampling: Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(4)], {
    description:
      'Heatmap pixels per cell of the feature map, along each axis: at stride 4, 2 makes it stride 2.',
    default: 2,
  }),
};

export interface HeatmapShape {
  readonly hidden: number;
  readonly upsampling: 1 | 2 | 4;
}

/**
 * A convolution, then a bilinear enlargement and a convolution for each doubling: what heatmaps are drawn from.
 * Enlarging first leaves no checkerboard, as transposed convolutions do (Odena et al., Distill 2016).
 */
export function heatmapFeatures(
  scope: ParameterScope,
  from: number,
  { hidden, upsampling }: HeatmapShape,
): MapLayer {
  const enlarged = Array.from({ length: Math.log2(upsampling) }, (_, level) =>
    sequence(
      (maps) => upsample(maps, 2),
      convolutionNormRelu(scope.child(level + 1), { from: hidden, to: hidden }),
    ),
  );
  return sequence(convolutionNormRelu(scope.child(0), { from, to: hidden }), ...enlarged);
}
