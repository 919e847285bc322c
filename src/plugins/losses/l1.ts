import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import { deepSupervision, deepSupervisionOption } from '../../core/training/deep-supervision.ts';
import { l1Distance, weightedMean } from '../../core/training/landmark-distance.ts';
import type { LandmarkLoss } from '../../core/training/strategy.ts';

const options = Type.Object({ deepSupervision: deepSupervisionOption }, { additionalProperties: false });

/** `mean |Δx| + |Δy|` over the labeled landmarks; distances in [0, 1] of the image. */
export const l1 = definePlugin({
  kind: 'loss',
  type: 'l1',
  compares: 'landmarks',
  summary: 'L1 distance of the landmarks',
  source: 'Sun et al., Integral Human Pose Regression, ECCV 2018',
  options,
  create: ({ deepSupervision: share }): LandmarkLoss => ({
    compares: 'landmarks',
    needs: ['coordinates'],
    evaluate: (output, targets, weight) => {
      const { total, last } = deepSupervision(output, share, (estimate) =>
        weightedMean(l1Distance(estimate, targets), weight),
      );
      return { total, parts: { l1: last } };
    },
  }),
});
