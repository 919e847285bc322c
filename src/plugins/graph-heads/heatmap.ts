import { Type } from 'typebox';
import { peaksOf } from '../../core/nn/heatmap-peaks.ts';
import { convolution, sequence } from '../../core/nn/layers/convolution.ts';
import { heatmapFeatures, heatmapOptions } from '../../core/nn/layers/heatmap-features.ts';
import type { GraphHead } from '../../core/nn/model.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(heatmapOptions, { additionalProperties: false });

/** One heatmap a landmark, empty at first; the landmark is its peak, to a fraction of a pixel. */
export const heatmap = definePlugin({
  kind: 'graph-head',
  type: 'heatmap',
  summary: 'One heatmap a landmark, read at its peak; learns by heatmap-mse or adaptive-wing',
  source:
    'Xiao et al., Simple Baselines for Human Pose Estimation, ECCV 2018; Zhang et al., Distribution-Aware Coordinate Representation, CVPR 2020',
  options,
  create: (shape, { scope, featureChannels, landmarkCount }): GraphHead => {
    const draw = sequence(
      heatmapFeatures(scope.child('layers'), featureChannels, shape),
      convolution(
        scope.child('last'),
        { from: shape.hidden, to: landmarkCount, kernel: 1 },
        { bias: true, zero: true },
      ),
    );
    return {
      offers: ['heatmaps'],
      edgeMatrices: [],
      forward: (features, _meanShape, pass) => {
        const heatmaps = draw(features, pass);
        const landmarks = peaksOf(heatmaps);
        return { heatmaps, landmarks, trajectory: [landmarks] };
      },
    };
  },
});
