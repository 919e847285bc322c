import type { Point } from '../data/dataset.ts';
import type { GradientField } from './gradient-field.ts';

/** A square piece of a gradient field, row by row. */
export interface FieldPatch {
  readonly side: number;
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** A turn and a change of size: `(x, y) -> (cosine x - sine y, sine x + cosine y)`. */
export interface Turn {
  readonly cosine: number;
  readonly sine: number;
}

export const NO_TURN: Turn = { cosine: 1, sine: 0 };

/**
 * Samples a field bilinearly in `(2 reach + 1)²` places around a centre, as it looks in a frame that `turn` carries to
 * that of the field: the gradients are turned back too. Beyond the field its border goes on.
 */
export function samplePatch(
  field: GradientField,
  [centreX, centreY]: Point,
  reach: number,
  { cosine, sine }: Turn,
): FieldPatch {
  const side = 2 * reach + 1;
  const patch = { side, x: new Float32Array(side * side), y: new Float32Array(side * side) };
  const size = Math.hypot(cosine, sine);
  const [c, s] = [cosine / size, sine / size];
  for (let row = 0, index = 0; row < side; row++) {
    for (let column = 0; column < side; column++, index++) {
      const [u, v] = [column - reach, row - reach];
      const taps = bilinearTaps(field, centreX + cosine * u - sine * v, centreY + sine * u + cosine * v);
      const [x, y] = [taps(field.x), taps(field.y)];
      patch.x[index] = c * x + s * y;
      patch.y[index] = c * y - s * x;
    }
  }
  return patch;
}

function bilinearTaps({ width, height }: GradientField, x: number, y: number) {
  const [inX, inY] = [Math.min(Math.max(x, 0), width - 1), Math.min(Math.max(y, 0), height - 1)];
  const [left, top] = [Math.min(Math.floor(inX), width - 2), Math.min(Math.floor(inY), height - 2)];
  const [right, below] = [inX - left, inY - top];
  const first = top * width + left;
  return (values: Float32Array): number => {
    const upper = values[first]! + right * (values[first + 1]! - values[first]!);
    const lower = values[first + width]! + right * (values[first + width + 1]! - values[first + width]!);
    return upper + below * (lower - upper);
  };
}
