import {
  add,
  cast,
  div,
  exp,
  expandDims,
  greater,
  logSumExp,
  maximum,
  mean,
  mul,
  reshape,
  type Scalar,
  softplus,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor3D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { sampleBilinear } from '../../core/engine/ops/sample-bilinear.ts';
import { definePlugin } from '../../core/plugins/definition.ts';
import type { FeatureLoss, LandmarkPlaces } from '../../core/training/strategy.ts';

const options = Type.Object(
  {
    over: Type.Union([Type.Literal('space'), Type.Literal('channels')], {
      description:
        'What the softmax runs over: the places of each channel (where is it active?), or the channels of each place.',
      default: 'space',
    }),
    at: Type.Union([Type.Literal('everywhere'), Type.Literal('landmarks')], {
      description:
        'Which places are compared: all of the map, or only where the teacher says that the landmarks lie (over space, the softmax then runs over the landmarks).',
      default: 'everywhere',
    }),
    normalise: Type.Union([Type.Literal('none'), Type.Literal('unit'), Type.Literal('standard')], {
      description:
        'What is done to the features before the softmax, so that their size does not decide: nothing; unit: the features of each place get length 1 (take a small temperature, about 0.1); standard: each channel of an image gets mean 0 and deviation 1 over the places.',
      default: 'none',
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
/** Added to what is a divisor. */
const SMALLEST = 1e-6;

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
  create: ({ over, at, normalise, temperature }): FeatureLoss => ({
    compares: 'features',
    evaluate: (student, teacher, valid, places) => {
      const known = at === 'landmarks' ? knownLandmarks(valid, places) : everyPlace(valid);
      const logits = (maps: Tensor4D) => {
        const features = at === 'landmarks' ? sampleBilinear(maps, places.landmarks) : everyPlace(maps);
        return div(NORMALISE[normalise](features, known), temperature) as Tensor3D;
      };
      const [p, q] = [logits(student), logits(teacher)];
      return over === 'space' ? overSpace(p, q, known) : overChannels(p, q, known);
    },
  }),
});

/** `[batch, h, w, channels]` -> `[batch, h w, channels]`. */
function everyPlace(maps: Tensor4D): Tensor3D {
  const [batch, height, width, channels] = maps.shape;
  return reshape(maps, [batch, height * width, channels]);
}

/** `[batch, landmarks, 1]`: 1 where the landmark lies in a known part of the view. */
function knownLandmarks(valid: Tensor4D, { landmarks, inView }: LandmarkPlaces): Tensor3D {
  const whole = cast(greater(sampleBilinear(valid, landmarks), 0.999), 'float32');
  return mul(whole, expandDims(inView, 2));
}

type Normalise = (features: Tensor3D, known: Tensor3D) => Tensor;

/** Features `[batch, places, channels]`, `[batch, places, 1]` where they are known. */
const NORMALISE: Readonly<Record<'none' | 'unit' | 'standard', Normalise>> = {
  none: (features) => features,
  unit: (features) => div(features, sqrt(add(sum(square(features), 2, true), SMALLEST))),
  standard: (features, known) => {
    const meanOf = (values: Tensor) => div(sum(mul(values, known), 1, true), maximum(sum(known, 1, true), 1));
    const centred = sub(features, meanOf(features));
    return div(centred, sqrt(add(meanOf(square(centred)), SMALLEST)));
  },
};

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
