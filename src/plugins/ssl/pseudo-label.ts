import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import { confidenceOptions } from '../../core/training/confidence.ts';
import { learnPseudoTargets, pseudoTargets } from '../../core/training/pseudo-targets.ts';
import { linearRamp } from '../../core/training/ramp.ts';
import type { SslStrategy } from '../../core/training/strategy.ts';

const options = Type.Object(
  {
    weight: Type.Number({
      description: 'α_f, the final weight of the loss on pseudo labels, which is the supervised loss.',
      default: 3,
      minimum: 0,
    }),
    rampFrom: Type.Number({
      description: 'T₁: until this part of the stage the weight is 0.',
      default: 0,
      minimum: 0,
      maximum: 1,
    }),
    rampTo: Type.Number({
      description:
        'T₂: from this part of the stage on it is `weight`; in between it grows in a straight line.',
      default: 0.4,
      minimum: 0,
      maximum: 1,
    }),
    ...confidenceOptions,
  },
  { additionalProperties: false },
);

/**
 * Pseudo labels: what the moving-average teacher says now of the weak view is taken for the truth of the strong view,
 * by the recipe's own supervised loss, whichever the head. In the paper the network labels the same image for itself
 * and every label counts. Confidence: the peak of the landmark's heatmap where the head offers heatmaps, else the
 * agreement of the teacher over a few moved views, whose mean is the label; a threshold or a soft weight.
 */
export const pseudoLabel = definePlugin({
  kind: 'ssl',
  type: 'pseudo-label',
  summary:
    "The teacher's landmarks as labels where it is confident: by the heatmap's peak, or by agreement over moved views",
  source: 'Lee, Pseudo-Label, ICML 2013 Workshop on Challenges in Representation Learning',
  options,
  create: ({ weight, rampFrom, rampTo, ...rule }): SslStrategy => ({
    usesUnlabeled: true,
    scalars: ({ done }) => ({ pseudo: weight * linearRamp(done, rampFrom, rampTo) }),
    teach: ({ teacher, unlabeled }) => pseudoTargets(teacher, unlabeled!, rule),
    loss: learnPseudoTargets,
  }),
});
