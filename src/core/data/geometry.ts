import type { Point } from './dataset.ts';
import type { ImageSize } from './image-size.ts';

/** `(x, y) -> (a x + b y + c, d x + e y + f)`, stored row by row. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export const IDENTITY: Affine = [1, 0, 0, 0, 1, 0];

export function transformPoint([a, b, c, d, e, f]: Affine, [x, y]: Point): Point {
  return [a * x + b * y + c, d * x + e * y + f];
}

/** The matrix that applies `first`, then `second`. */
export function chain(first: Affine, second: Affine): Affine {
  const [a, b, c, d, e, f] = first;
  const [p, q, r, s, t, u] = second;
  return [p * a + q * d, p * b + q * e, p * c + q * f + r, s * a + t * d, s * b + t * e, s * c + t * f + u];
}

/** @throws {RangeError} for a matrix without an inverse. */
export function invert([a, b, c, d, e, f]: Affine): Affine {
  const determinant = a * e - b * d;
  if (!(Math.abs(determinant) > 1e-12)) throw new RangeError('affine matrix has no inverse');
  const [p, q, r, s] = [e / determinant, -b / determinant, -d / determinant, a / determinant];
  return [p, q, -(p * c + q * f), r, s, -(r * c + s * f)];
}

/** The same change, made around `centre` instead of the origin. */
export function around(centre: Point, matrix: Affine): Affine {
  const [x, y] = centre;
  return chain(chain([1, 0, -x, 0, 1, -y], matrix), [1, 0, x, 0, 1, y]);
}

/** Whether a pixel position lies in an image, which ends half a pixel beyond its outermost pixel centres. */
export function isInside([x, y]: Point, { width, height }: ImageSize): boolean {
  return x >= -0.5 && x <= width - 0.5 && y >= -0.5 && y <= height - 0.5;
}
