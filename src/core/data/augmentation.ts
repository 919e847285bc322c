import type { Random } from '../random.ts';
import type { Affine } from './geometry.ts';

/**
 * One kind of variation. A geometric one gives a matrix; all of a pipeline's matrices become a single warp of the
 * image, and landmarks ride the same matrix. An intensity one changes the warped pixels in place.
 */
export interface Augmentation {
  geometry?(random: Random): GeometricChange;
  intensity?(image: AugmentedImage, random: Random): void;
}

export interface GeometricChange {
  /** Acts on points of the frame [0, 1] x [0, 1] around its centre (0.5, 0.5). */
  readonly matrix: Affine;
  /** True when left and right changed places, so that paired landmarks swap. */
  readonly mirrored: boolean;
}

/** Values are about [0, 1] before standardisation and may leave it; row by row. */
export interface AugmentedImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Float32Array;
}
