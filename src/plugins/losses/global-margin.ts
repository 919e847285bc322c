import { relu, sub, type Tensor2D } from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import { l1Distance, weightedMean } from '../../core/training/landmark-distance.ts';
import type { LandmarkLoss } from '../../core/training/strategy.ts';

const options = Type.Object(
  {
    margin: Type.Number({
      description: 'm, the L1 distance (of the image) that the first estimate may be off for free.',
      default: 0.05,
      minimum: 0,
    }),
  },
  { additionalProperties: false },
);

/**
 * `mean max(0, |v¹ - v*|₁ - m)` of the head's first estimate: the global term of the loss `dag` alone, for a stage that
 * learns to place the shape before the landmarks are refined.
 */
export const globalMargin = definePlugin({
  kind: 'loss',
  type: 'global-margin',
  compares: 'landmarks',
  summary: "L1 distance of the head's first estimate beyond a margin: the global term of dag alone",
  source: 'Li et al., ECCV 2020, equation 6',
  options,
  create: ({ margin }): LandmarkLoss => ({
    compares: 'landmarks',
    needs: ['coordinates'],
    evaluate: ({ trajectory }, targets, weight) => {
      const beyond = relu(sub(l1Distance(trajectory[0]!, targets), margin)) as Tensor2D;
      const global = weightedMean(beyond, weight);
      return { total: global, parts: { global } };
    },
  }),
});
