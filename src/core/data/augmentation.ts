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
  /**
   * Moves points of the view, whose centre is (0.5, 0.5) and whose longer side has length 1 along both axes: a
   * rotation is rigid whatever the shape of the view. Make it with `around([0.5, 0.5], …)`.
   */
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
