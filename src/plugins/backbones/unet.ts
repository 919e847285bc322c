import { concat, maxPool, type Tensor4D } from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import {
  convolution,
  convolutionNormRelu,
  type MapLayer,
  sequence,
} from '../../core/nn/layers/convolution.ts';
import { upsample } from '../../core/nn/layers/resample.ts';
import type { Backbone } from '../../core/nn/model.ts';
import type { ForwardPass, ParameterScope } from '../../core/nn/parameters.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(
  {
    depth: Type.Integer({
      description: 'Times that the image is halved on the way down. Published: 4.',
      default: 4,
      minimum: 2,
      maximum: 7,
    }),
    width: Type.Integer({
      description: 'Channels at full resolution; each halving doubles them. Published: 64.',
      default: 16,
      minimum: 1,
    }),
    stride: Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(4)], {
      description:
        'Image pixels per cell of the feature map: the way up ends there. Published: 1; 4 costs least.',
      default: 4,
    }),
    channels: Type.Integer({ description: 'Channels C of the feature map.', default: 64, minimum: 1 }),
  },
  { additionalProperties: false },
);

/**
 * A contracting path of convolution pairs and max pooling, and an expanding one that takes up its maps again. Unlike
 * the published network it has batch norm and padded convolutions, and where that one convolves 2x2 after enlarging
 * to halve the channels, it does so by 1x1 before, which is cheaper.
 */
export const unet = definePlugin({
  kind: 'backbone',
  type: 'unet',
  summary: 'U-Net with batch norm, feature map at stride 1, 2 or 4',
  source: 'Ronneberger et al., U-Net: Convolutional Networks for Biomedical Image Segmentation, MICCAI 2015',
  options,
  create: ({ depth, width, stride, channels }, { scope, inputChannels }): Backbone => {
    const finest = Math.log2(stride);
    const widthAt = (level: number) => width * 2 ** level;
    const down = levels(0, depth).map((level) =>
      convolutionPair(
        scope.child('down').child(level),
        level === 0 ? inputChannels : widthAt(level - 1),
        widthAt(level),
      ),
    );
    const up = levels(finest, depth - 1).map((level) =>
      expansion(scope.child('up').child(level), widthAt(level)),
    );
    const project = convolution(
      scope.child('projection'),
      { from: widthAt(finest), to: channels, kernel: 1 },
      { bias: true },
    );
    return {
      stride,
      divisor: 2 ** depth,
      channels,
      forward: (images, pass) => {
        const maps = contract(down, images, pass);
        const coarsest = maps.at(-1)!;
        const merged = up.reduceRight((coarse, level, i) => level(maps[finest + i]!, coarse, pass), coarsest);
        return project(merged, pass);
      },
    };
  },
});

/** The maps of all levels, fine to coarse. */
function contract(down: readonly MapLayer[], images: Tensor4D, pass: ForwardPass): readonly Tensor4D[] {
  const maps = [down[0]!(images, pass)];
  for (const layer of down.slice(1)) maps.push(layer(maxPool(maps.at(-1)!, 2, 2, 'valid'), pass));
  return maps;
}

/** A level of the expanding path: half as coarse and half as many channels as the one below. */
function expansion(scope: ParameterScope, width: number) {
  const halve = convolution(scope.child('halve'), { from: 2 * width, to: width, kernel: 1 });
  const refine = convolutionPair(scope, 2 * width, width);
  return (fine: Tensor4D, coarse: Tensor4D, pass: ForwardPass): Tensor4D =>
    refine(concat([fine, upsample(halve(coarse, pass), 2)], 3), pass);
}

function convolutionPair(scope: ParameterScope, from: number, to: number): MapLayer {
  return sequence(
    convolutionNormRelu(scope.child('conv1'), { from, to }),
    convolutionNormRelu(scope.child('conv2'), { from: to, to }),
  );
}

/** `first`, …, `last`. */
function levels(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
