import {
  abs,
  clipByValue,
  expandDims,
  matMul,
  mul,
  range,
  relu,
  reshape,
  slice,
  sub,
  sum,
  type Tensor,
  type Tensor3D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

/**
 * Reads maps `[batch, height, width, channels]` bilinearly at points `[batch, points, 2]` (x before y, in [0, 1], pixel
 * centres at (i + 0.5) / size; outside, the border's value) and gives `[batch, points, channels]`.
 *
 * Bilinear weights are tents, one along each axis, so sampling is a product with a `[points, height]` matrix and a
 * weighted sum over the width: differentiable in the maps and in the points, and the same on every engine.
 */
export function sampleBilinear(maps: Tensor4D, points: Tensor3D): Tensor3D {
  const [batch, height, width, channels] = maps.shape;
  const count = points.shape[1];
  const alongX = tents(slice(points, [0, 0, 0], [-1, -1, 1]), width);
  const alongY = tents(slice(points, [0, 0, 1], [-1, -1, 1]), height) as Tensor3D;
  const rows = matMul(alongY, reshape(maps, [batch, height, width * channels]) as Tensor3D);
  const columns = reshape(rows, [batch, count, width, channels]);
  return sum(mul(columns, expandDims(alongX, 3)), 2) as Tensor3D;
}

/** `[batch, points, 1]` in [0, 1] -> `[batch, points, size]`: each pixel's share of the sample. */
function tents(position: Tensor, size: number): Tensor {
  const pixel = clipByValue(sub(mul(position, size), 0.5), 0, size - 1);
  return relu(sub(1, abs(sub(pixel, range(0, size, 1, 'float32')))));
}
