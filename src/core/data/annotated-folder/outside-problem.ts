import type { Point } from '../dataset.ts';
import { isInside } from '../geometry.ts';
import type { ImageSize } from '../image-size.ts';

/** What is wrong with a landmark that its image does not contain; `undefined` for one inside. */
export function outsideProblem(
  landmark: string,
  point: Point,
  image: string,
  size: ImageSize,
): string | undefined {
  if (isInside(point, size)) return undefined;
  const where = `(${point[0]}, ${point[1]})`;
  return `landmark "${landmark}" at ${where} lies outside ${image} (${size.width} x ${size.height})`;
}
