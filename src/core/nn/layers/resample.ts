import { image, reshape, stack, type Tensor4D } from '@tensorflow/tfjs-core';

export type Interpolation = 'bilinear' | 'nearest';

/** Enlarges maps by a whole factor; pixel areas stay aligned (PyTorch's `align_corners=False`). */
export function upsample(
  maps: Tensor4D,
  factor: number,
  interpolation: Interpolation = 'bilinear',
): Tensor4D {
  if (factor === 1) return maps;
  const [, height, width] = maps.shape;
  if (interpolation === 'nearest') return repeat(maps, factor);
  return image.resizeBilinear(maps, [height * factor, width * factor], false, true);
}

/** Every pixel becomes a square of `factor` x `factor` pixels. */
function repeat(maps: Tensor4D, factor: number): Tensor4D {
  const [batch, height, width, channels] = maps.shape;
  const wide = stack(Array(factor).fill(maps), 3);
  const rows = reshape(wide, [batch, height, width * factor * channels]);
  const tall = stack(Array(factor).fill(rows), 2);
  return reshape(tall, [batch, height * factor, width * factor, channels]);
}
