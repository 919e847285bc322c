import {
  cast,
  clipByValue,
  div,
  exp,
  greaterEqual,
  lessEqual,
  max,
  mul,
  square,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { type Static, Type } from 'typebox';
import type { HeadOutput } from '../nn/model.ts';
import { type Network, overMovedViews } from './moved-views.ts';

/** The options of strategies that learn only from answers that can be trusted. */
export const confidenceOptions = {
  confidence: Type.Union([Type.Literal('threshold'), Type.Literal('soft')], {
    description:
      'threshold: a landmark counts fully or not at all. soft: it counts the less, the less sure the network is.',
    default: 'threshold',
  }),
  spreadPx: Type.Number({
    description:
      "Heads without heatmaps: a landmark is trusted up to this root mean square spread of its positions over a few views of the image, in pixels of the network's image; soft: it counts exp(-½ (spread / spreadPx)²).",
    default: 1,
    exclusiveMinimum: 0,
  }),
  views: Type.Integer({
    description:
      'Heads without heatmaps: how many moved copies of each image are asked about besides the plain one; the mean is the answer.',
    default: 4,
    minimum: 1,
  }),
  peak: Type.Number({
    description:
      'Heads with heatmaps: a landmark is trusted from this peak of its heatmap on; soft: it counts peak / this, up to 1.',
    default: 0.5,
    exclusiveMinimum: 0,
    maximum: 1,
  }),
};

const schema = Type.Object(confidenceOptions);

/** When an answer is trusted. */
export type ConfidenceRule = Static<typeof schema>;

export interface JudgedOutput {
  readonly landmarks: HeadOutput['landmarks'];
  /** `[batch, landmarks]`, in [0, 1]. */
  readonly confidence: Tensor2D;
}

/** What a network says of images, and how far it is to be trusted: by the peak of heatmaps, else by agreement. */
export function judgedOutput(network: Network, images: Tensor4D, rule: ConfidenceRule): JudgedOutput {
  const plain = network(images);
  const { heatmaps } = plain;
  if (heatmaps !== undefined) {
    return { landmarks: plain.landmarks, confidence: byPeak(max<Tensor2D>(heatmaps, [1, 2]), rule) };
  }
  const { landmarks, spreadPx } = overMovedViews(network, images, plain, rule.views);
  return { landmarks, confidence: bySpread(spreadPx, rule) };
}

function byPeak(height: Tensor2D, { confidence, peak }: ConfidenceRule): Tensor2D {
  if (confidence === 'soft') return clipByValue(div<Tensor2D>(height, peak), 0, 1);
  return cast(greaterEqual(height, peak), 'float32') as Tensor2D;
}

function bySpread(found: Tensor2D, { confidence, spreadPx }: ConfidenceRule): Tensor2D {
  if (confidence === 'soft') return exp(mul<Tensor2D>(square(div(found, spreadPx)), -0.5));
  return cast(lessEqual(found, spreadPx), 'float32') as Tensor2D;
}
