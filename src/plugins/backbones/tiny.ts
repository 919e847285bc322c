import { Type } from 'typebox';
import { convolution, convolutionNormRelu, sequence } from '../../core/nn/layers/convolution.ts';
import type { Backbone } from '../../core/nn/model.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(
  {
    width: Type.Integer({ description: 'Channels of every convolution.', default: 8, minimum: 1 }),
    channels: Type.Integer({ description: 'Channels C of the feature map.', default: 16, minimum: 1 }),
  },
  { additionalProperties: false },
);

/** Four convolutions: trains in seconds, for tests and for checking that a recipe runs. */
export const tiny = definePlugin({
  kind: 'backbone',
  type: 'tiny',
  summary: 'Four convolutions, feature map at stride 4: for tests and dry runs',
  options,
  create: ({ width, channels }, { scope, inputChannels }): Backbone => ({
    stride: 4,
    divisor: 4,
    channels,
    forward: sequence(
      convolutionNormRelu(scope.child('conv1'), { from: inputChannels, to: width, stride: 2 }),
      convolutionNormRelu(scope.child('conv2'), { from: width, to: width, stride: 2 }),
      convolutionNormRelu(scope.child('conv3'), { from: width, to: width }),
      convolution(scope.child('conv4'), { from: width, to: channels }, { bias: true }),
    ),
  }),
});
