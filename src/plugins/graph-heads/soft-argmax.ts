import {
  add,
  matMul,
  mul,
  range,
  reshape,
  softmax,
  squeeze,
  stack,
  sum,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  transpose,
} from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { convolution } from '../../core/nn/layers/convolution.ts';
import { heatmapFeatures, heatmapOptions } from '../../core/nn/layers/heatmap-features.ts';
import { coordinateOffers, logScaleLayer, uncertaintyOption } from '../../core/nn/layers/log-scale.ts';
import type { GraphHead } from '../../core/nn/model.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(
  { ...heatmapOptions, uncertainty: uncertaintyOption },
  { additionalProperties: false },
);

/**
 * A softmax over space turns a map into where a landmark may be, and its mean is where it is. The maps are flat at
 * first, so that every landmark starts in the middle of the image.
 */
export const softArgmax = definePlugin({
  kind: 'graph-head',
  type: 'soft-argmax',
  summary: 'The mean of a spatial softmax for each landmark; learns by any loss over coordinates',
  source:
    'Sun et al., Integral Human Pose Regression, ECCV 2018; Nibali et al., Numerical Coordinate Regression, arXiv 1801.07372',
  options,
  create: ({ uncertainty, ...shape }, { scope, featureChannels, landmarkCount }): GraphHead => {
    const drawnFrom = heatmapFeatures(scope.child('layers'), featureChannels, shape);
    const { hidden } = shape;
    const draw = convolution(
      scope.child('last'),
      { from: hidden, to: landmarkCount, kernel: 1 },
      { bias: true, zero: true },
    );
    const logScale = uncertainty ? logScaleLayer(scope.child('logScale'), hidden, 1) : undefined;
    return {
      offers: coordinateOffers(uncertainty),
      edgeMatrices: [],
      forward: (features, _meanShape, pass) => {
        const maps = drawnFrom(features, pass);
        const { probabilities, landmarks } = expectation(draw(maps, pass));
        const output = { landmarks, trajectory: [landmarks] };
        if (logScale === undefined) return output;
        const appearance = matMul(probabilities, places(maps));
        return { ...output, logScale: squeeze(logScale(appearance, pass), [2]) as Tensor2D };
      },
    };
  },
});

/**
 * Of logits `[batch, height, width, landmarks]`: their softmax over space `[batch, landmarks, height width]`, and its
 * mean in [0, 1] of the image.
 */
function expectation(logits: Tensor4D): { probabilities: Tensor3D; landmarks: Tensor3D } {
  const [batch, height, width, landmarks] = logits.shape;
  const probabilities = softmax(transpose(places(logits), [0, 2, 1])) as Tensor3D;
  const maps = reshape(probabilities, [batch, landmarks, height, width]);
  const x = sum(mul(sum(maps, 2), pixelCentres(width)), 2);
  const y = sum(mul(sum(maps, 3), pixelCentres(height)), 2);
  return { probabilities, landmarks: stack([x, y], 2) as Tensor3D };
}

/** `[batch, height, width, channels]` -> `[batch, height width, channels]`. */
function places(maps: Tensor4D): Tensor3D {
  const [batch, height, width, channels] = maps.shape;
  return reshape(maps, [batch, height * width, channels]);
}

function pixelCentres(size: number): Tensor {
  return mul(add(range(0, size, 1, 'float32'), 0.5), 1 / size);
}
