import { add, exp, maximum, mul, neg, type Tensor2D } from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import { deepSupervision, deepSupervisionOption } from '../../core/training/deep-supervision.ts';
import { l1Distance, weightedMean } from '../../core/training/landmark-distance.ts';
import type { LandmarkLoss } from '../../core/training/strategy.ts';

const options = Type.Object(
  {
    smallestScale: Type.Number({
      description:
        'b is never taken to be smaller than this (of the image): a few labeled images that are learned by heart would otherwise drive it to 0.',
      default: 0.002,
      exclusiveMinimum: 0,
    }),
    deepSupervision: deepSupervisionOption,
  },
  { additionalProperties: false },
);

/**
 * Negative log-likelihood of the labeled landmarks under the head's Laplace distributions, one of scale b along each
 * axis: `mean |v - v*|₁ / b + 2 ln 2b`. Where the head says that it is sure, an error costs more. Earlier estimates are
 * judged by the same b.
 */
export const laplaceNll = definePlugin({
  kind: 'loss',
  type: 'laplace-nll',
  compares: 'landmarks',
  summary: 'Likelihood of the landmarks under the predicted uncertainty; needs a head with uncertainty: true',
  source:
    'Kendall & Gal, What Uncertainties Do We Need, NeurIPS 2017; Kumar et al., LUVLi Face Alignment, CVPR 2020',
  options,
  create: ({ smallestScale, deepSupervision: share }): LandmarkLoss => ({
    compares: 'landmarks',
    needs: ['coordinates', 'uncertainty'],
    evaluate: (output, targets, weight) => {
      const logScale = maximum(output.logScale!, Math.log(smallestScale));
      const { total, last } = deepSupervision(output, share, (estimate) => {
        const inUnitsOfB = mul(l1Distance(estimate, targets), exp(neg(logScale)));
        return weightedMean(add(inUnitsOfB, mul(add(logScale, Math.LN2), 2)) as Tensor2D, weight);
      });
      return { total, parts: { nll: last } };
    },
  }),
});
