import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import { learnConsistency, lessonFrom } from '../../core/training/consistency.ts';
import { squaredDistance } from '../../core/training/landmark-distance.ts';
import { rampUpOption, sigmoidRamp } from '../../core/training/ramp.ts';
import type { SslStrategy } from '../../core/training/strategy.ts';

const options = Type.Object(
  {
    weight: Type.Number({
      description:
        "Weight of the squared distance to the teacher's landmarks (scaled to pull like an L1 distance at a hundredth of the image), or of the squared difference to its heatmaps where the head offers them.",
      default: 4,
      minimum: 0,
    }),
    rampUp: rampUpOption(0.4),
  },
  { additionalProperties: false },
);

/**
 * The student's output of the strong view is pulled, by its squared difference, to that of a teacher whose weights are
 * the moving average of the student's. The paper has classes and the same random augmentation for both; here the
 * teacher sees the weak view, and its answer is carried along by the geometry of the strong one. `training.ema.decay` is
 * the paper's α.
 */
export const meanTeacher = definePlugin({
  kind: 'ssl',
  type: 'mean-teacher',
  summary:
    'Squared consistency with a moving-average teacher: of heatmaps where the head offers them, else of landmarks',
  source: 'Tarvainen & Valpola, Mean teachers are better role models, NeurIPS 2017',
  options,
  create: ({ weight, rampUp }): SslStrategy => ({
    usesUnlabeled: true,
    scalars: ({ done }) => ({ consistency: weight * sigmoidRamp(done, rampUp) }),
    teach: ({ teacher, unlabeled }) => lessonFrom(teacher(unlabeled!.weak), unlabeled!),
    loss: (step) => learnConsistency(step, squaredDistance),
  }),
});
