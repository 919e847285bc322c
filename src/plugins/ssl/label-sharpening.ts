import {
  add,
  clipByValue,
  div,
  log,
  max,
  mul,
  sigmoid,
  sub,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import { learnConsistency, lessonFrom } from '../../core/training/consistency.ts';
import { squaredDistance } from '../../core/training/landmark-distance.ts';
import { rampUpOption, sigmoidRamp } from '../../core/training/ramp.ts';
import type { SslStrategy } from '../../core/training/strategy.ts';

const options = Type.Object(
  {
    weight: Type.Number({
      description: 'Weight of the squared difference to the sharpened heatmaps of the teacher.',
      default: 4,
      minimum: 0,
    }),
    strength: Type.Number({
      description: 'a₀, the sharpening of a heatmap whose peak is 0; one whose peak is 1 is left as it is.',
      default: 4,
      minimum: 1,
    }),
    centre: Type.Number({
      description:
        't, the value that sharpening leaves alone: higher ones rise, lower ones fall. Below 0.5 it is asymmetric, in favour of the rare landmark over the background.',
      default: 0.4,
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
    }),
    rampUp: rampUpOption(0.4),
  },
  { additionalProperties: false },
);

/** Heatmaps are kept so far from 0 and 1, where the logit has no value. */
const MARGIN = 1e-4;

/**
 * Adaptive asymmetric label sharpening: the teacher's heatmaps are made sharper before the student learns them, the more
 * so the lower their peak. The paper sharpens fracture probabilities of whole films; here every landmark's heatmap is
 * one, whose values need only lie between 0 and about 1, and the distance is the mean squared difference.
 */
export const labelSharpening = definePlugin({
  kind: 'ssl',
  type: 'label-sharpening',
  summary:
    "The teacher's heatmaps, sharpened where their peak is low, as targets; for heads that offer heatmaps",
  source:
    'Wang et al., Knowledge Distillation with Adaptive Asymmetric Label Sharpening, IPMI 2021, arXiv 2012.15359',
  options,
  create: ({ weight, strength, centre, rampUp }): SslStrategy => ({
    usesUnlabeled: true,
    needs: ['heatmaps'],
    scalars: ({ done }) => ({ consistency: weight * sigmoidRamp(done, rampUp) }),
    teach: ({ teacher, unlabeled }) => {
      const { landmarks, heatmaps } = teacher(unlabeled!.weak);
      const sharpened = sharpen(heatmaps!, strength, centre);
      return lessonFrom({ landmarks, heatmaps: sharpened }, unlabeled!);
    },
    loss: (step) => learnConsistency(step, squaredDistance),
  }),
});

/** `expit(a logit(y) + (1 - a) logit(t))` with `a = a₀ - (a₀ - 1) max y`, the maximum over each landmark's map. */
function sharpen(heatmaps: Tensor4D, strength: number, centre: number): Tensor4D {
  const values = clipByValue(heatmaps, MARGIN, 1 - MARGIN);
  const adapted = sub(strength, mul(max(values, [1, 2], true), strength - 1));
  const pull = mul(sub(1, adapted), Math.log(centre / (1 - centre)));
  return sigmoid(add<Tensor4D>(mul(adapted, logit(values)), pull));
}

function logit(values: Tensor): Tensor {
  return log(div(values, sub(1, values)));
}
