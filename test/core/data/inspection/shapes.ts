import type { Point, Sample } from '../../../../src/core/data/dataset.ts';
import { around, chain, transformPoint } from '../../../../src/core/data/geometry.ts';
import { Random } from '../../../../src/core/random.ts';

/** Two lungs, seen from the front: three landmarks on each side. */
export const CHEST: readonly Point[] = [
  [60, 40],
  [40, 160],
  [85, 150],
  [140, 42],
  [165, 158],
  [118, 149],
];

export const NAMES = ['right apex', 'right angle', 'right heart', 'left apex', 'left angle', 'left heart'];

export const MIRROR_PAIRS: readonly (readonly [number, number])[] = [
  [0, 3],
  [1, 4],
  [2, 5],
];

/** Chests that differ in position, size, rotation, and by 2 px of noise at each landmark. */
export function chests(count: number, seed = 1): Sample[] {
  return Array.from({ length: count }, (_, index) => {
    const random = new Random(seed, 'chest', index);
    const [angle, scale] = [random.normal(0, 0.1), Math.exp(random.normal(0, 0.1))];
    const [c, s] = [scale * Math.cos(angle), scale * Math.sin(angle)];
    const pose = chain(around([100, 100], [c, -s, 0, s, c, 0]), [
      1,
      0,
      random.normal(0, 5),
      0,
      1,
      random.normal(0, 5),
    ]);
    const landmarks = CHEST.map((point): Point => {
      const [x, y] = transformPoint(pose, point);
      return [x + random.normal(0, 2), y + random.normal(0, 2)];
    });
    return { id: `chest-${index}`, width: 200, height: 200, landmarks };
  });
}
