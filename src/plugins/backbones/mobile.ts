import { add, relu, type Tensor4D } from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import {
  convolution,
  convolutionNorm,
  convolutionNormRelu,
  type MapLayer,
  sequence,
} from '../../core/nn/layers/convolution.ts';
import { depthwiseConvolutionNorm } from '../../core/nn/layers/depthwise-convolution.ts';
import { featurePyramid } from '../../core/nn/layers/feature-pyramid.ts';
import type { Backbone } from '../../core/nn/model.ts';
import type { ForwardPass, ParameterScope } from '../../core/nn/parameters.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(
  {
    width: Type.Number({
      description:
        "Factor on MobileNetV2's channels, which are then rounded to multiples of 8 (at least 8). Published: 1.",
      default: 0.5,
      exclusiveMinimum: 0,
    }),
    expansion: Type.Integer({
      description: 'How many times as many channels a block has inside as outside. Published: 6.',
      default: 6,
      minimum: 1,
    }),
    channels: Type.Integer({
      description: 'Channels C of the feature map and of the decoder that makes it.',
      default: 64,
      minimum: 1,
    }),
  },
  { additionalProperties: false },
);

interface Group {
  readonly channels: number;
  readonly blocks: number;
  readonly stride: number;
  /** Left out where the recipe's holds. */
  readonly expansion?: number;
}

const STEM_CHANNELS = 32;

/** MobileNetV2's groups of blocks (table 2 of the paper). */
const GROUPS: readonly Group[] = [
  { channels: 16, blocks: 1, stride: 1, expansion: 1 },
  { channels: 24, blocks: 2, stride: 2 },
  { channels: 32, blocks: 3, stride: 2 },
  { channels: 64, blocks: 4, stride: 2 },
  { channels: 96, blocks: 3, stride: 1 },
  { channels: 160, blocks: 3, stride: 2 },
  { channels: 320, blocks: 1, stride: 1 },
];

/** The groups after which a map goes to the decoder: the last ones at strides 4, 8, 16 and 32. */
const DECODED = [1, 2, 4, 6];

/**
 * MobileNetV2 up to its last block and the top-down path of a feature pyramid back to stride 4, smoothed by a
 * depthwise separable convolution. ReLU stands in for ReLU6, whose bound serves fixed-point arithmetic alone.
 */
export const mobile = definePlugin({
  kind: 'backbone',
  type: 'mobile',
  summary: 'MobileNetV2 with a feature pyramid, feature map at stride 4: for CPUs and browsers',
  source: 'Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018',
  options,
  create: ({ width, expansion, channels }, { scope, inputChannels }): Backbone => {
    const widths = GROUPS.map((group) => roundedWidth(width * group.channels));
    const stemWidth = roundedWidth(width * STEM_CHANNELS);
    const stem = convolutionNormRelu(scope.child('stem'), { from: inputChannels, to: stemWidth, stride: 2 });
    const groups = GROUPS.map((group, index) =>
      blockGroup(scope.child('groups').child(index), {
        ...{ expansion, ...group },
        from: widths[index - 1] ?? stemWidth,
        to: widths[index]!,
      }),
    );
    const decoded = DECODED.map((index) => widths[index]!);
    const merge = featurePyramid(scope.child('decoder').child('laterals'), decoded, channels);
    const smooth = separable(scope.child('decoder').child('smooth'), channels);
    return {
      stride: 4,
      divisor: 32,
      channels,
      forward: (images, pass) => {
        const maps = outputs(groups, stem(images, pass), pass);
        return smooth(
          merge(
            DECODED.map((index) => maps[index]!),
            pass,
          ),
          pass,
        );
      },
    };
  },
});

/** What each layer gives, one after the other. */
function outputs(layers: readonly MapLayer[], input: Tensor4D, pass: ForwardPass): readonly Tensor4D[] {
  const maps: Tensor4D[] = [];
  for (const layer of layers) maps.push(layer(maps.at(-1) ?? input, pass));
  return maps;
}

interface BlockShape {
  readonly from: number;
  readonly to: number;
  readonly stride: number;
  readonly expansion: number;
}

function blockGroup(scope: ParameterScope, shape: BlockShape & { readonly blocks: number }): MapLayer {
  const { from, to, stride, blocks, expansion } = shape;
  const layers = Array.from({ length: blocks }, (_, index) =>
    index === 0
      ? invertedResidual(scope.child(index), { from, to, stride, expansion })
      : invertedResidual(scope.child(index), { from: to, to, stride: 1, expansion }),
  );
  return sequence(...layers);
}

/** Widens by 1x1, filters each channel by 3x3 and narrows by 1x1, with no ReLU after: between narrow maps, a shortcut. */
function invertedResidual(scope: ParameterScope, { from, to, stride, expansion }: BlockShape): MapLayer {
  const inside = expansion * from;
  const body = sequence(
    ...(expansion === 1 ? [] : [convolutionNormRelu(scope.child('widen'), { from, to: inside, kernel: 1 })]),
    depthwiseConvolutionNorm(scope.child('filter'), { channels: inside, stride }),
    (maps) => relu(maps),
    convolutionNorm(scope.child('narrow'), { from: inside, to, kernel: 1 }),
  );
  if (stride !== 1 || from !== to) return body;
  return (maps, pass) => add(maps, body(maps, pass));
}

/** A 3x3 convolution in two: of each channel by itself, then across channels. */
function separable(scope: ParameterScope, channels: number): MapLayer {
  return sequence(
    depthwiseConvolutionNorm(scope.child('filter'), { channels }),
    (maps) => relu(maps),
    convolution(scope.child('mix'), { from: channels, to: channels, kernel: 1 }, { bias: true }),
  );
}

/** The nearest multiple of 8, but not less than nine tenths (as the authors round). */
function roundedWidth(channels: number): number {
  const rounded = Math.max(8, 8 * Math.round(channels / 8));
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}
