import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import { confidenceOptions } from '../../core/training/confidence.ts';
import { learnPseudoTargets, pseudoTargets } from '../../core/training/pseudo-targets.ts';
import type { SslStrategy } from '../../core/training/strategy.ts';

const options = Type.Object(
  {
    weight: Type.Number({
      description:
        'λ_u, the weight of the loss on pseudo labels, which is the supervised loss; from the first step on.',
      default: 2,
      minimum: 0,
    }),
    ...confidenceOptions,
  },
  { additionalProperties: false },
);

/**
 * Self-training with strong augmentation: the network that the stage starts from labels every unlabeled image once and
 * for all, and the student learns the labels that are trusted under strong augmentation by the recipe's own supervised
 * loss, whichever the head. The labels are worked out again whenever an image is drawn, by a network that never
 * changes, from a view that never changes. Confidence: the peak of the landmark's heatmap where the head offers
 * heatmaps, else the network's agreement over a few moved views, whose mean is the label; a threshold, as in the paper,
 * or a soft weight.
 */
export const stac = definePlugin({
  kind: 'ssl',
  type: 'stac',
  summary:
    "Labels made once by the stage's first network, where confident (heatmap peak, or agreement over moved views)",
  source:
    'Sohn et al., A Simple Semi-Supervised Learning Framework for Object Detection, 2020, arXiv 2005.04757',
  options,
  create: ({ weight, ...rule }): SslStrategy => ({
    usesUnlabeled: true,
    keepsOrigin: true,
    needsPlainView: true,
    scalars: () => ({ pseudo: weight }),
    teach: ({ origin, unlabeled }) => pseudoTargets(origin, unlabeled!, rule),
    loss: learnPseudoTargets,
  }),
});
