import { add, avgPool, image, leakyRelu, mul, type Tensor4D, tanh } from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { peaksOf } from '../../core/nn/heatmap-peaks.ts';
import { convolution, type MapLayer, sequence } from '../../core/nn/layers/convolution.ts';
import { heatmapFeatures, heatmapOptions } from '../../core/nn/layers/heatmap-features.ts';
import type { GraphHead } from '../../core/nn/model.ts';
import type { ParameterScope } from '../../core/nn/parameters.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(
  {
    ...heatmapOptions,
    downsampling: Type.Integer({
      description: 'The configuration sees the local heatmaps this many times smaller.',
      default: 4,
      minimum: 1,
    }),
    configurationChannels: Type.Integer({
      description: 'Channels of the convolutions of the configuration.',
      default: 64,
      minimum: 1,
    }),
    configurationLayers: Type.Integer({
      description: 'Convolutions of the configuration before its last one.',
      default: 3,
      minimum: 1,
    }),
    radius: Type.Integer({
      description: 'Reach of these convolutions in pixels of the smaller maps: 5 is a kernel of 11 x 11.',
      default: 5,
      minimum: 1,
    }),
  },
  { additionalProperties: false },
);

/** Slope of the LeakyReLU below 0, as in the paper. */
const SLOPE = 0.1;
/** What is added before the configuration's tanh: with weights of zero it starts as 0.76 everywhere. */
const OPEN = 1;

/**
 * Spatial configuration network: heatmaps by local appearance, precise but with several candidates, times heatmaps by
 * the configuration of all landmarks, coarse but unambiguous. The configuration lets everything pass at first, so that
 * the head starts as a plain heatmap head.
 */
export const scn = definePlugin({
  kind: 'graph-head',
  type: 'scn',
  summary: 'Spatial configuration network: local appearance heatmaps x spatial configuration heatmaps',
  source:
    'Payer et al., Integrating spatial configuration into heatmap regression based CNNs for landmark localization, Medical Image Analysis 2019',
  options,
  create: (shape, { scope, featureChannels, landmarkCount }): GraphHead => {
    const drawLocal = sequence(
      heatmapFeatures(scope.child('layers'), featureChannels, shape),
      convolution(
        scope.child('local'),
        { from: shape.hidden, to: landmarkCount, kernel: 1 },
        { bias: true, zero: true },
      ),
    );
    const configure = configuration(scope.child('configuration'), landmarkCount, shape);
    return {
      offers: ['heatmaps'],
      edgeMatrices: [],
      forward: (features, _meanShape, pass) => {
        const local = drawLocal(features, pass);
        const heatmaps = mul(local, configure(local, pass)) as Tensor4D;
        const landmarks = peaksOf(heatmaps);
        return { heatmaps, landmarks, trajectory: [landmarks] };
      },
    };
  },
});

interface ConfigurationShape {
  readonly downsampling: number;
  readonly configurationChannels: number;
  readonly configurationLayers: number;
  readonly radius: number;
}

/** Wide convolutions over small versions of all local heatmaps; maps of the same size come out, within ±1. */
function configuration(scope: ParameterScope, landmarks: number, shape: ConfigurationShape): MapLayer {
  const { downsampling, configurationChannels: channels, configurationLayers, radius } = shape;
  const kernel = 2 * radius + 1;
  const layers = Array.from({ length: configurationLayers }, (_, index) =>
    sequence(
      convolution(
        scope.child(index),
        { from: index === 0 ? landmarks : channels, to: channels, kernel },
        { bias: true },
      ),
      (maps) => leakyRelu(maps, SLOPE),
    ),
  );
  const last = convolution(
    scope.child('last'),
    { from: channels, to: landmarks, kernel },
    { bias: true, zero: true },
  );
  const configure = sequence(...layers, last, (maps) => tanh(add(maps, OPEN)) as Tensor4D);
  return (local, pass) => {
    const [, height, width] = local.shape;
    const small = configure(avgPool(local, downsampling, downsampling, 'same'), pass);
    return image.resizeBilinear(small, [height, width], false, true);
  };
}
