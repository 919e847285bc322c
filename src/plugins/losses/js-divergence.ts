import {
  add,
  div,
  exp,
  logSumExp,
  maximum,
  mean,
  mul,
  reshape,
  type Scalar,
  softplus,
  sub,
  sum,
  type Tensor,
  type Tensor3D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import type { FeatureLoss } from '../../core/training/strategy.ts';

const options = Type.Object(
  {
    over: Type.Union([Type.Literal('space'), Type.Literal('channels')], {
      description:
        'What the softmax runs over: the places of each channel (where is it active?), or the channels of each place.',
      default: 'space',
    }),
    temperature: Type.Number({
      description: 'Divides the features before the softmax; above 1 smooths the distributions.',
      default: 1,
      exclusiveMinimum: 0,
    }),
  },
  { additionalProperties: false },
);

/** Added to the logits of unknown places: far below any other, yet finite. */
const EXCLUDED = -1e4;

/**
 * Mean Jensen-Shannon divergence of two feature maps that a softmax has turned into distributions; natural logarithm,
 * so it lies in [0, ln 2]. Computed from log-probabilities throughout.
 */
export const jsDivergence = definePlugin({
  kind: 'loss',
  type: 'js-divergence',
  compares: 'features',
  summary: 'Jensen-Shannon divergence between the feature maps of student and teacher',
  source: 'Zhou et al., Few-Shot Deep Adaptive Graph, DALI @ MICCAI 2021, section 2.2',
  options,
  create: ({ over, temperature }): FeatureLoss => ({
    compares: 'features',
    evaluate: (student, teacher, valid) => {
      const [p, q] = [places(div(student, temperature)), places(div(teacher, temperature))];
      const known = places(valid);
      return over === 'space' ? overSpace(p, q, known) : overChannels(p, q, known);
    },
  }),
});

/** `[batch, h, w, channels]` -> `[batch, h w, channels]`. */
function places(maps: Tensor): Tensor3D {
  const [batch, height, width, channels] = (maps as Tensor4D).shape;
  return reshape(maps, [batch, height * width, channels]);
}

/** One distribution over the known places for every image and channel. */
function overSpace(p: Tensor3D, q: Tensor3D, known: Tensor3D): Scalar {
  const exclusion = mul(sub(1, known), EXCLUDED);
  const divergence = divergenceAlong(add(p, exclusion), add(q, exclusion), 1);
  return mean(divergence);
}

/** One distribution over the channels for every known place. */
function overChannels(p: Tensor3D, q: Tensor3D, known: Tensor3D): Scalar {
  const divergence = divergenceAlong(p, q, 2);
  const weight = reshape(known, divergence.shape);
  return div(sum(mul(divergence, weight)), maximum(sum(weight), 1));
}

/** `½ Σ p (log p - log m) + ½ Σ q (log q - log m)` with `m = (p + q) / 2`, along one axis of two sets of logits. */
function divergenceAlong(p: Tensor, q: Tensor, axis: number): Tensor {
  const logP = sub(p, logSumExp(p, axis, true));
  const logQ = sub(q, logSumExp(q, axis, true));
  const logM = sub(add(logP, softplus(sub(logQ, logP))), Math.LN2);
  const terms = add(mul(exp(logP), sub(logP, logM)), mul(exp(logQ), sub(logQ, logM)));
  return mul(sum(terms, axis), 0.5);
}
