import {
  abs,
  clipByValue,
  engine,
  expandDims,
  getBackend,
  getKernel,
  matMul,
  mul,
  range,
  registerGradient,
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
 * Bilinear reading as one kernel forward and one for each gradient. An engine may register:
 *
 * - `FsxSampleBilinear`: inputs `maps [batch, height, width, channels]`, `points [batch, points, 2]`; output
 *   `[batch, points, channels]`.
 * - `FsxSampleBilinearMapsGrad`: inputs `dy`, `points`; attributes `height`, `width`; output as `maps`.
 * - `FsxSampleBilinearPointsGrad`: inputs `dy`, `maps`, `points`; output as `points`: nothing where a point lies beyond
 *   the outermost pixel centres.
 */
export const SAMPLE_BILINEAR = 'FsxSampleBilinear';
export const SAMPLE_BILINEAR_MAPS_GRAD = 'FsxSampleBilinearMapsGrad';
export const SAMPLE_BILINEAR_POINTS_GRAD = 'FsxSampleBilinearPointsGrad';

/**
 * Reads maps `[batch, height, width, channels]` bilinearly at points `[batch, points, 2]` (x before y, in [0, 1], pixel
 * centres at (i + 0.5) / size; outside, the border's value) and gives `[batch, points, channels]`. Differentiable in the
 * maps and in the points.
 */
export function sampleBilinear(maps: Tensor4D, points: Tensor3D): Tensor3D {
  if (!getKernel(SAMPLE_BILINEAR, getBackend())) return productWithTents(maps, points);
  return engine().runKernel(SAMPLE_BILINEAR, { maps, points }) as Tensor3D;
}

registerGradient({
  kernelName: SAMPLE_BILINEAR,
  inputsToSave: ['maps', 'points'],
  gradFunc: (gradient, saved) => {
    const dy = gradient as Tensor;
    const [maps, points] = saved as [Tensor4D, Tensor3D];
    const [, height, width] = maps.shape;
    return {
      maps: () => engine().runKernel(SAMPLE_BILINEAR_MAPS_GRAD, { dy, points }, { height, width }) as Tensor,
      points: () => engine().runKernel(SAMPLE_BILINEAR_POINTS_GRAD, { dy, maps, points }) as Tensor,
    };
  },
});

/**
 * For engines without the kernels. Bilinear weights are tents, one along each axis, so sampling is a product with a
 * `[points, height]` matrix and a weighted sum over the width.
 */
function productWithTents(maps: Tensor4D, points: Tensor3D): Tensor3D {
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
