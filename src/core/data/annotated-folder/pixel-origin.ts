import { Type } from 'typebox';
import type { Point } from '../dataset.ts';

export type PixelOrigin = 'centre' | 'corner';

/** The option that says where a format's coordinates begin. */
export function pixelOriginOption(value: PixelOrigin) {
  return Type.Union([Type.Literal('centre'), Type.Literal('corner')], {
    description:
      'where (0, 0) lies: at the centre of the first pixel, or at its outer corner (half a pixel further up and left)',
    default: value,
  });
}

/** A position as `Sample.landmarks` has it: 0 at the centre of the first pixel. */
export function fromOrigin(origin: PixelOrigin, [x, y]: Point): Point {
  return origin === 'corner' ? [x - 0.5, y - 0.5] : [x, y];
}
