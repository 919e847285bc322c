import { expect, it } from 'vitest';
import { displacedFrom, displacedTo, FIELD_NODES } from '../../../src/core/data/displacement.ts';
import { Random } from '../../../src/core/random.ts';
import { elastic } from '../../../src/plugins/augmentations/elastic.ts';

const SEEDS = Array.from({ length: 30 }, (_, seed) => seed);

function fieldOf(seed: number, options: Partial<Parameters<typeof elastic.create>[0]> = {}) {
  const augmentation = elastic.create({ cells: 4, deviation: 0.03, probability: 1, ...options }, {});
  return augmentation.displacement!(new Random('elastic', seed));
}

it('never folds the image, however strong: what lies left stays left', () => {
  for (const seed of SEEDS) {
    const field = fieldOf(seed, { deviation: 1 })!;
    for (let row = 0; row <= 5; row++) {
      const xs = Array.from({ length: 101 }, (_, k) => displacedFrom(field, [k / 100, row / 5])[0]);
      for (let k = 1; k < xs.length; k++) expect(xs[k]).toBeGreaterThan(xs[k - 1]!);
    }
  }
});

it('takes a landmark to where the image shows it', () => {
  for (const seed of SEEDS) {
    const field = fieldOf(seed, { deviation: 0.05 })!;
    const random = new Random('points', seed);
    const point = [random.uniform(), random.uniform()] as const;
    const [x, y] = displacedFrom(field, displacedTo(field, point));
    expect(Math.hypot(x - point[0], y - point[1])).toBeLessThan(1e-6);
  }
});

it('shifts by the deviation that was asked for, in no direction more than in another', () => {
  const values = SEEDS.flatMap((seed) => [...fieldOf(seed, { cells: 2 })!]);
  const mean = values.reduce((a, b) => a + b) / values.length;
  const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
  expect(Math.abs(mean)).toBeLessThan(0.003);
  // A cubic B-spline averages control points: between 4/9 (at a point) and less of their deviation is left.
  expect(deviation).toBeGreaterThan(0.3 * 0.03);
  expect(deviation).toBeLessThan(0.5 * 0.03);
});

it('is smooth, and the same for the same stream', () => {
  const field = fieldOf(1, { cells: 2 })!;
  expect(field).toEqual(fieldOf(1, { cells: 2 }));
  expect(field).toHaveLength(FIELD_NODES * FIELD_NODES * 2);
  for (let k = 2; k < FIELD_NODES * 2; k++) expect(Math.abs(field[k]! - field[k - 2]!)).toBeLessThan(0.01);
});

it('leaves the image alone as often as asked', () => {
  expect(SEEDS.every((seed) => fieldOf(seed, { probability: 0 }) === undefined)).toBe(true);
  const bent = SEEDS.filter((seed) => fieldOf(seed, { probability: 0.5 }) !== undefined).length;
  expect(bent).toBeGreaterThan(8);
  expect(bent).toBeLessThan(22);
});
