import { add, mul, square, sub, type Tensor4D } from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import {
  gaussianHeatmaps,
  heatmapTargetOptions,
  meanOverHeatmaps,
  sigmaPx,
} from '../../core/training/heatmap-targets.ts';
import type { LandmarkLoss } from '../../core/training/strategy.ts';

const options = Type.Object(
  {
    ...heatmapTargetOptions,
    foregroundWeight: Type.Number({
      description:
        'A pixel counts 1 + this times the heat of its target: above 0, missing a peak costs more.',
      default: 0,
      minimum: 0,
    }),
  },
  { additionalProperties: false },
);

/**
 * Squared difference to a Gaussian at each landmark, summed over the map in units of the Gaussian's area: 0.5 for an
 * empty map.
 */
export const heatmapMse = definePlugin({
  kind: 'loss',
  type: 'heatmap-mse',
  compares: 'landmarks',
  summary: 'Squared difference of heatmaps to Gaussians at the landmarks',
  source: 'Tompson et al., Joint Training of a Convolutional Network and a Graphical Model, NeurIPS 2014',
  options,
  create: ({ foregroundWeight, ...shape }): LandmarkLoss => ({
    compares: 'landmarks',
    needs: ['heatmaps'],
    evaluate: ({ heatmaps }, points, weight) => {
      const [, height, width] = heatmaps!.shape;
      const sigma = sigmaPx(shape, heatmaps!);
      const targets = gaussianHeatmaps(points, { height, width, sigma });
      const costs = mul(square(sub(heatmaps!, targets)), add(mul(targets, foregroundWeight), 1));
      const total = meanOverHeatmaps(costs as Tensor4D, weight, sigma);
      return { total, parts: { heatmap_mse: total } };
    },
  }),
});
