import { abs, add, minimum, mul, square, sub, sum, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import { deepSupervision, deepSupervisionOption } from '../../core/training/deep-supervision.ts';
import { weightedMean } from '../../core/training/landmark-distance.ts';
import type { LandmarkLoss } from '../../core/training/strategy.ts';

const options = Type.Object(
  {
    beta: Type.Number({
      description: 'β, the distance along an axis (of the image) below which the loss is quadratic.',
      default: 0.02,
      exclusiveMinimum: 0,
    }),
    deepSupervision: deepSupervisionOption,
  },
  { additionalProperties: false },
);

/** For a distance d along an axis: `d² / 2β` below β and `d - β / 2` beyond; the sum over both axes. */
export const smoothL1 = definePlugin({
  kind: 'loss',
  type: 'smooth-l1',
  compares: 'landmarks',
  summary: 'Smooth L1: quadratic for small errors, linear for large ones',
  source: 'Girshick, Fast R-CNN, ICCV 2015, equation 3',
  options,
  create: ({ beta, deepSupervision: share }): LandmarkLoss => ({
    compares: 'landmarks',
    needs: ['coordinates'],
    evaluate: (output, targets, weight) => {
      const { total, last } = deepSupervision(output, share, (estimate) =>
        weightedMean(sum(smooth(abs(sub(estimate, targets)), beta), 2) as Tensor2D, weight),
      );
      return { total, parts: { smooth_l1: last } };
    },
  }),
});

/** One formula for both branches: the quadratic stops growing at β, where the linear part begins. */
function smooth(distance: Tensor, beta: number): Tensor {
  const near = minimum(distance, beta);
  return add(mul(square(near), 0.5 / beta), sub(distance, near));
}
