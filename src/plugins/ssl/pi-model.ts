import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import { inconsistency, lessonFrom } from '../../core/training/consistency.ts';
import { squaredDistance } from '../../core/training/landmark-distance.ts';
import { rampUpOption, sigmoidRamp } from '../../core/training/ramp.ts';
import type { SslStrategy } from '../../core/training/strategy.ts';
import { studentOutputs, supervisedAnd } from '../../core/training/student-pass.ts';
import { readIntoStrongView } from '../../core/training/view-change.ts';

const options = Type.Object(
  {
    weight: Type.Number({
      description:
        'Weight of the squared distance between the landmarks of the two views (scaled to pull like an L1 distance at a hundredth of the image), or of the squared difference of their heatmaps where the head offers them.',
      default: 4,
      minimum: 0,
    }),
    rampUp: rampUpOption(0.4),
  },
  { additionalProperties: false },
);

/**
 * Π-model: one network in training mode looks at two views of every unlabeled image, and the squared difference of its
 * two answers is a loss whose gradient flows through both. There is no teacher. The paper's two passes differ by noise,
 * dropout and small translations; here they differ by the augmentations `weak` and `strong` (give `weak` some noise),
 * the first answer is carried along by their geometry, and both are made in one pass with the labeled images.
 */
export const piModel = definePlugin({
  kind: 'ssl',
  type: 'pi-model',
  summary: 'Squared consistency of one network between two views, with gradient through both; no teacher',
  source: 'Laine & Aila, Temporal Ensembling for Semi-Supervised Learning, ICLR 2017, arXiv 1610.02242',
  options,
  create: ({ weight, rampUp }): SslStrategy => ({
    usesUnlabeled: true,
    scalars: ({ done }) => ({ consistency: weight * sigmoidRamp(done, rampUp) }),
    teach: () => ({}),
    loss: (step) => {
      const unlabeled = step.unlabeled!;
      const sets = [step.labeled.images, unlabeled.weak, unlabeled.strong];
      const [supervised, first, second] = studentOutputs(step, ...sets);
      const carried = lessonFrom(first!, unlabeled, readIntoStrongView);
      const consistency = inconsistency(second!, carried, squaredDistance);
      return supervisedAnd(step, supervised!, { consistency });
    },
  }),
});
