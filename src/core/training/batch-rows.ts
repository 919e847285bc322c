import { slice, type Tensor } from '@tensorflow/tfjs-core';
import type { ModelOutput } from '../nn/model.ts';

/** The output of `count` images of a batch, from the one at `first` on. */
export function rowsOf(output: ModelOutput, first: number, count: number): ModelOutput {
  const part = <T extends Tensor>(tensor: T): T =>
    slice(tensor, [first, ...tensor.shape.slice(1).fill(0)], [count, ...tensor.shape.slice(1)]);
  const { heatmaps, logScale } = output;
  return {
    features: part(output.features),
    landmarks: part(output.landmarks),
    trajectory: output.trajectory.map(part),
    ...(heatmaps && { heatmaps: part(heatmaps) }),
    ...(logScale && { logScale: part(logScale) }),
  };
}
