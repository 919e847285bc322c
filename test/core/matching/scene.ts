import type { GreyImage, Point } from '../../../src/core/data/dataset.ts';
import { type Affine, invert, transformPoint } from '../../../src/core/data/geometry.ts';

const SIZE = { width: 120, height: 96 };

/** Landmarks of the scene before it is moved: a corner of a box, the tip of a wedge, the top of a disc. */
export const LANDMARKS: readonly Point[] = [
  [30, 30],
  [80, 40],
  [60, 62],
];

/** A smooth scene with a box, a wedge and a disc, seen through a matrix that moves its points; grey values in [0, 1]. */
export function scene(matrix: Affine, grey: (value: number) => number = (value) => value): GreyImage {
  const back = invert(matrix);
  const pixels = Float32Array.from({ length: SIZE.width * SIZE.height }, (_, i) => {
    const [x, y] = transformPoint(back, [i % SIZE.width, Math.floor(i / SIZE.width)]);
    const box = edge(x - 30) * edge(y - 30) * edge(52 - x) * edge(50 - y);
    const wedge = edge(x - 80 - Math.abs(y - 40)) * edge(100 - x);
    const disc = edge(12 - Math.hypot(x - 60, y - 74));
    return grey(0.2 + 0.4 * box + 0.3 * wedge + 0.5 * disc);
  });
  return { ...SIZE, pixels };
}

/** 0 outside, 1 inside, over about a pixel. */
function edge(distance: number): number {
  return 1 / (1 + Math.exp(-2 * distance));
}
