import {
  abs,
  add,
  div,
  log,
  minimum,
  mul,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import { deepSupervision, deepSupervisionOption } from '../../core/training/deep-supervision.ts';
import { weightedMean } from '../../core/training/landmark-distance.ts';
import type { LandmarkLoss } from '../../core/training/strategy.ts';

const options = Type.Object(
  {
    width: Type.Number({
      description:
        'w, the distance along an axis (of the image) below which the loss is logarithmic; 10 px of 256 in the paper.',
      default: 0.04,
      exclusiveMinimum: 0,
    }),
    curvature: Type.Number({
      description: 'ε, how sharply the logarithm bends: a smaller one pulls harder on small errors.',
      default: 0.008,
      exclusiveMinimum: 0,
    }),
    deepSupervision: deepSupervisionOption,
  },
  { additionalProperties: false },
);

/**
 * For a distance d along an axis: `w ln(1 + d / ε)` below w, and d plus a constant beyond; the sum over both axes.
 * Small errors keep a large gradient without outliers taking over.
 */
export const wing = definePlugin({
  kind: 'loss',
  type: 'wing',
  compares: 'landmarks',
  summary: 'Wing loss: logarithmic for small errors, linear for large ones',
  source: 'Feng et al., Wing Loss for Robust Facial Landmark Localisation, CVPR 2018',
  options,
  create: ({ width, curvature, deepSupervision: share }): LandmarkLoss => ({
    compares: 'landmarks',
    needs: ['coordinates'],
    evaluate: (output, targets, weight) => {
      const { total, last } = deepSupervision(output, share, (estimate) =>
        weightedMean(sum(bent(abs(sub(estimate, targets)), width, curvature), 2) as Tensor2D, weight),
      );
      return { total, parts: { wing: last } };
    },
  }),
});

/** One formula for both branches: the logarithm stops growing at w, where the linear part begins. */
function bent(distance: Tensor, width: number, curvature: number): Tensor {
  const near = minimum(distance, width);
  return add(mul(log(add(div(near, curvature), 1)), width), sub(distance, near));
}
