import { add, mean, mul, relu, reshape, type Tensor2D, type Tensor3D } from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { linear } from '../../core/nn/layers/linear.ts';
import { coordinateOffers, logScaleLayer, uncertaintyOption } from '../../core/nn/layers/log-scale.ts';
import type { GraphHead } from '../../core/nn/model.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(
  {
    hidden: Type.Integer({
      description: 'Channels of the layer between the pooled features and the offsets.',
      default: 128,
      minimum: 1,
    }),
    uncertainty: uncertaintyOption,
  },
  { additionalProperties: false },
);

/**
 * Global average pooling and two linear layers: the offsets of all landmarks from the mean shape, zero at first. The
 * simplest head, which knows where something is only as far as the backbone's features say it.
 */
export const regression = definePlugin({
  kind: 'graph-head',
  type: 'regression',
  summary: 'Global average pooling and linear layers: offsets from the mean shape',
  source: 'Toshev & Szegedy, DeepPose, CVPR 2014',
  options,
  create: ({ hidden, uncertainty }, { scope, featureChannels, landmarkCount }): GraphHead => {
    const first = linear(scope.child('first'), featureChannels, hidden);
    const last = linear(scope.child('last'), hidden, 2 * landmarkCount, { zero: true });
    const logScale = uncertainty ? logScaleLayer(scope.child('logScale'), hidden, landmarkCount) : undefined;
    return {
      offers: coordinateOffers(uncertainty),
      edgeMatrices: [],
      forward: (features, meanShape, pass) => {
        const pooled = relu(first(mean(features, [1, 2]), pass));
        const offsets = reshape(mul(last(pooled, pass), 0.5), [-1, landmarkCount, 2]);
        const landmarks = add(offsets, meanShape) as Tensor3D;
        const output = { landmarks, trajectory: [landmarks] };
        return logScale === undefined ? output : { ...output, logScale: logScale(pooled, pass) as Tensor2D };
      },
    };
  },
});
