import {
  type Backbone,
  convolution,
  convolutionNorm,
  convolutionNormRelu,
  definePlugin,
  type MapLayer,
  type ParameterScope,
  sequence,
  Type,
  tf,
  upsample,
} from 'fsx';

const STEM_STRIDE = 4;

const options = Type.Object(
  {
    width: Type.Integer({ description: 'Channels of every convolution.', default: 16, minimum: 1 }),
    levels: Type.Integer({
      description: 'Levels of the pyramid; each halves the one before.',
      default: 3,
      minimum: 1,
      maximum: 5,
    }),
    channels: Type.Integer({ description: 'Channels C of the feature map.', default: 32, minimum: 1 }),
  },
  { additionalProperties: false },
);

/**
 * A residual pyramid: going down, each level sees twice as far; going up, what it saw is added to the finer level.
 * The feature map is the finest level, at stride 4.
 */
export default definePlugin({
  kind: 'backbone',
  type: 'pyramid',
  summary: 'Residual feature pyramid, feature map at stride 4',
  source: 'Lin et al., Feature Pyramid Networks for Object Detection, CVPR 2017',
  options,
  create: ({ width, levels, channels }, { scope, inputChannels }): Backbone => {
    const stem = sequence(
      convolutionNormRelu(scope.child('stem1'), { from: inputChannels, to: width, stride: 2 }),
      convolutionNormRelu(scope.child('stem2'), { from: width, to: width, stride: 2 }),
    );
    const blocks = Array.from({ length: levels }, (_, level) =>
      residualBlock(scope.child('levels').child(level), width, level === 0 ? 1 : 2),
    );
    const project = convolution(
      scope.child('project'),
      { from: width, to: channels, kernel: 1 },
      { bias: true },
    );
    return {
      stride: STEM_STRIDE,
      divisor: STEM_STRIDE * 2 ** (levels - 1),
      channels,
      forward: (images, pass) => {
        const maps: tf.Tensor4D[] = [];
        for (const block of blocks) maps.push(block(maps.at(-1) ?? stem(images, pass), pass));
        const finest = maps.reduceRight((coarse, fine) => tf.add(fine, upsample(coarse, 2)));
        return project(finest, pass);
      },
    };
  },
});

/** Two convolutions and a way around them, which is strided like the first. */
function residualBlock(scope: ParameterScope, width: number, stride: number): MapLayer {
  const body = sequence(
    convolutionNormRelu(scope.child('conv1'), { from: width, to: width, stride }),
    convolutionNorm(scope.child('conv2'), { from: width, to: width }),
  );
  const around: MapLayer =
    stride === 1
      ? (maps) => maps
      : convolutionNorm(scope.child('around'), { from: width, to: width, kernel: 1, stride });
  return (maps, pass) => tf.relu(tf.add<tf.Tensor4D>(body(maps, pass), around(maps, pass)));
}
