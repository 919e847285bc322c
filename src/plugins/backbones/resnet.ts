import { maxPool, pad, relu, type Tensor4D } from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { convolution, type MapLayer, sequence } from '../../core/nn/layers/convolution.ts';
import { featurePyramid } from '../../core/nn/layers/feature-pyramid.ts';
import {
  BOTTLENECK_EXPANSION,
  basicBlock,
  bottleneck,
  numbered,
  type ResidualShape,
} from '../../core/nn/layers/residual.ts';
import type { Backbone, BackboneContext, PublishedWeights } from '../../core/nn/model.ts';
import type { ForwardPass, ParameterScope } from '../../core/nn/parameters.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

interface BlockKind {
  /** Blocks in each of the four stages. */
  readonly blocks: readonly number[];
  /** A block puts out this many times its width. */
  readonly expansion: number;
  block(scope: ParameterScope, shape: ResidualShape): MapLayer;
}

const DEPTHS: Readonly<Record<18 | 34 | 50, BlockKind>> = {
  18: { blocks: [2, 2, 2, 2], expansion: 1, block: basicBlock },
  34: { blocks: [3, 4, 6, 3], expansion: 1, block: basicBlock },
  50: { blocks: [3, 4, 6, 3], expansion: BOTTLENECK_EXPANSION, block: bottleneck },
};

const options = Type.Object(
  {
    depth: Type.Union([Type.Literal(18), Type.Literal(34), Type.Literal(50)], {
      description: 'Layers of the published network: 18 and 34 of basic blocks, 50 of bottlenecks.',
      default: 18,
    }),
    width: Type.Integer({
      description:
        'Channels of the stem and of the first stage; each further stage has twice as many. Published: 64.',
      default: 64,
      minimum: 1,
    }),
    channels: Type.Integer({
      description: 'Channels C of the feature map and of the decoder that makes it.',
      default: 128,
      minimum: 1,
    }),
  },
  { additionalProperties: false },
);

type ResnetOptions = Readonly<Record<'width' | 'channels', number>> & { readonly depth: 18 | 34 | 50 };

/** A residual network and the top-down path of a feature pyramid back to stride 4. */
export const resnet = definePlugin({
  kind: 'backbone',
  type: 'resnet',
  summary: 'ResNet-18, 34 or 50 with a feature pyramid, feature map at stride 4',
  source:
    'He et al., Deep Residual Learning for Image Recognition, CVPR 2016; Lin et al., Feature Pyramid Networks for Object Detection, CVPR 2017',
  options,
  create: (chosen, context): Backbone => {
    const stages = resnetStages(chosen, context);
    const decode = decoder(context.scope.child('decoder'), chosen);
    return {
      stride: 4,
      divisor: 32,
      channels: chosen.channels,
      published: PUBLISHED_RESNET,
      forward: (images, pass) => decode(stages(images, pass), pass),
    };
  },
});

/** torchvision's and timm's `resnet18`, `resnet34` and `resnet50`. */
export const PUBLISHED_RESNET: PublishedWeights = { beyond: /^fc\./, own: ['decoder'] };

/** The network before its classifier: images -> the maps of its four stages, at strides 4, 8, 16 and 32. */
export function resnetStages(
  { depth, width }: Omit<ResnetOptions, 'channels'>,
  { scope, inputChannels }: BackboneContext,
): (images: Tensor4D, pass: ForwardPass) => readonly Tensor4D[] {
  const { blocks, expansion, block } = DEPTHS[depth];
  const stem = sequence(
    numbered(scope, 1, { from: inputChannels, to: width, kernel: 7, stride: 2 }),
    (maps) => relu(maps),
    halve,
  );
  const stages = blocks.map((count, stage) => {
    const own = width * 2 ** stage;
    const before = stage === 0 ? width : (expansion * own) / 2;
    const layers = Array.from({ length: count }, (_, index) =>
      block(scope.child(`layer${stage + 1}`).child(index), {
        from: index === 0 ? before : expansion * own,
        width: own,
        stride: index === 0 && stage > 0 ? 2 : 1,
      }),
    );
    return sequence(...layers);
  });
  return (images, pass) => {
    const maps = [stem(images, pass)];
    for (const stage of stages) maps.push(stage(maps.at(-1)!, pass));
    return maps.slice(1);
  };
}

/**
 * PyTorch's `MaxPool2d(3, stride=2, padding=1)` of maps that a ReLU made and whose size is even: zeros above and to
 * the left then win over no number. TensorFlow's pooling knows no padding given as a number.
 */
function halve(maps: Tensor4D): Tensor4D {
  const framed = pad(maps, [
    [0, 0],
    [1, 0],
    [1, 0],
    [0, 0],
  ]);
  return maxPool(framed, 3, 2, 'valid');
}

function decoder(scope: ParameterScope, { depth, width, channels }: ResnetOptions) {
  const { expansion } = DEPTHS[depth];
  const widths = [1, 2, 4, 8].map((factor) => factor * expansion * width);
  const merge = featurePyramid(scope.child('laterals'), widths, channels);
  const smooth = convolution(scope.child('smooth'), { from: channels, to: channels }, { bias: true });
  return (maps: readonly Tensor4D[], pass: ForwardPass) => smooth(merge(maps, pass), pass);
}
