import { add, mul, relu, type Scalar, sub, type Tensor2D } from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import { l1Distance, weightedMean } from '../../core/training/landmark-distance.ts';
import type { LandmarkLoss } from '../../core/training/strategy.ts';

const options = Type.Object(
  {
    globalWeight: Type.Number({ description: 'λ_g, the weight of the global step.', default: 1, minimum: 0 }),
    localWeight: Type.Number({
      description: 'λ_l, the weight of the last local step.',
      default: 1,
      minimum: 0,
    }),
    margin: Type.Number({
      description: 'm, the L1 distance (of the image) that the global step may be off for free.',
      default: 0.05,
      minimum: 0,
    }),
    deepSupervision: Type.Number({
      description: 'Weight of every local step between the first and the last; 0 supervises the last alone.',
      default: 0,
      minimum: 0,
    }),
  },
  { additionalProperties: false },
);

/** `λ_g mean max(0, |v¹ - v*|₁ - m) + λ_l mean |v^T - v*|₁` over the labeled landmarks; distances in [0, 1]. */
export const dagLoss = definePlugin({
  kind: 'loss',
  type: 'dag',
  compares: 'landmarks',
  summary: 'L1 distance of the last local step, and of the global step beyond a margin',
  source: 'Li et al., ECCV 2020, equations 6 to 8',
  options,
  create: ({ globalWeight, localWeight, margin, deepSupervision }): LandmarkLoss => ({
    compares: 'landmarks',
    needs: ['coordinates'],
    evaluate: (output, targets, weight) => {
      const distances = output.trajectory.map((landmarks) => l1Distance(landmarks, targets));
      const steps = distances.slice(1);
      const local = weightedMean(steps.pop() ?? distances[0]!, weight);
      const global = weightedMean(relu(sub(distances[0]!, margin)) as Tensor2D, weight);
      const between = steps.map((step) => mul(weightedMean(step, weight), deepSupervision) as Scalar);
      const total = [mul(local, localWeight), mul(global, globalWeight), ...between].reduce((a, b) =>
        add(a, b),
      );
      return { total: total as Scalar, parts: { local, global } };
    },
  }),
});
