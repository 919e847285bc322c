import type { Random } from '../random.ts';
import type { DisplacementField } from './displacement.ts';
import type { Affine } from './geometry.ts';

/**
 * One kind of variation. A geometric one gives a matrix or a smooth displacement; all of a pipeline's matrices, and then
 * the sum of its displacements, become a single warp of the image, and landmarks ride along. An intensity one changes
 * the warped pixels in place.
 */
export interface Augmentation {
  geometry?(random: Random): GeometricChange;
  /** In units of the view's longer side; undefined leaves the view as it is. */
  displacement?(random: Random): DisplacementField | undefined;
  /** @param other draws another training image, labeled or not: its grey values, 0 to 255, in any order. */
  intensity?(image: AugmentedImage, random: Random, other: ImageDraw): void;
}

export type ImageDraw = (random: Random) => Uint8Array;

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
