import * as tf from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { convolution } from '../../src/core/nn/layers/convolution.ts';
import type { GraphHead } from '../../src/core/nn/model.ts';
import { definePlugin } from '../../src/core/plugins/definition.ts';
import { weightedMean } from '../../src/core/training/landmark-distance.ts';
import type { LandmarkLoss } from '../../src/core/training/strategy.ts';

const options = Type.Object({}, { additionalProperties: false });

/** The smallest head that offers heatmaps and nothing else: one convolution; landmarks at the brightest pixel. */
export const dotHead = definePlugin({
  kind: 'graph-head',
  type: 'dot',
  summary: 'for tests',
  options,
  create: (_options, { scope, landmarkCount, featureChannels }): GraphHead => {
    const shape = { from: featureChannels, to: landmarkCount, kernel: 1 };
    const last = convolution(scope.child('last'), shape, { bias: true });
    return {
      offers: ['heatmaps'],
      edgeMatrices: [],
      forward: (features, _meanShape, pass) => {
        const heatmaps = tf.sigmoid(last(features, pass));
        const landmarks = brightestPixels(heatmaps);
        return { heatmaps, landmarks, trajectory: [landmarks] };
      },
    };
  },
});

/** Squared difference to Gaussians of one pixel's width at the landmarks. */
export const dotLoss = definePlugin({
  kind: 'loss',
  type: 'dot',
  compares: 'landmarks',
  summary: 'for tests',
  options,
  create: (): LandmarkLoss => ({
    compares: 'landmarks',
    needs: ['heatmaps'],
    evaluate: ({ heatmaps }, targets, weight) => {
      const [, height, width] = heatmaps!.shape;
      const difference = tf.sub(heatmaps!, gaussians(targets, height, width));
      const total = weightedMean(tf.mean(tf.square(difference), [1, 2]), weight);
      return { total, parts: { dot: total } };
    },
  }),
});

/** Peaks of height 1 at points `[batch, points, 2]`: `[batch, height, width, points]`. */
export function gaussians(points: tf.Tensor3D, height: number, width: number, sigma = 1): tf.Tensor4D {
  const [x, y] = tf.unstack(points, 2) as [tf.Tensor, tf.Tensor];
  const along = (position: tf.Tensor, size: number) => {
    const pixel = tf.expandDims(tf.sub(tf.mul(position, size), 0.5), 1);
    const offset = tf.sub(tf.reshape(tf.range(0, size, 1, 'float32'), [1, size, 1]), pixel);
    return tf.exp(tf.mul(tf.square(offset), -0.5 / sigma ** 2));
  };
  return tf.mul(tf.expandDims(along(y, height), 2), tf.expandDims(along(x, width), 1));
}

function brightestPixels(heatmaps: tf.Tensor4D): tf.Tensor3D {
  const [batch, height, width, landmarks] = heatmaps.shape;
  const flat = tf.reshape(heatmaps, [batch, height * width, landmarks]);
  const index = tf.cast(tf.argMax(flat, 1), 'float32');
  const row = tf.floor(tf.div(index, width));
  const column = tf.sub(index, tf.mul(row, width));
  return tf.stack([tf.div(tf.add(column, 0.5), width), tf.div(tf.add(row, 0.5), height)], 2) as tf.Tensor3D;
}
