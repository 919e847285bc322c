import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import {
  chooseGreedily,
  coverageOf,
  type Similarities,
  similaritiesOf,
} from '../../../src/core/selection/facility-location.ts';

/** Unit vectors without negative entries around some centres. */
function clusters(sizes: readonly number[], seed: number): Float32Array[] {
  const random = new Random('clusters', seed);
  return sizes.flatMap((size, cluster) =>
    Array.from({ length: size }, () => {
      const vector = Float32Array.from({ length: 8 }, (_, k) => (k === cluster ? 2 : random.uniform(0, 0.5)));
      const length = Math.hypot(...vector);
      return vector.map((value) => value / length);
    }),
  );
}

function bestTriple(similarities: Similarities): number {
  let best = 0;
  for (let a = 0; a < similarities.count; a++)
    for (let b = 0; b < a; b++)
      for (let c = 0; c < b; c++) best = Math.max(best, coverageOf(similarities, [a, b, c]).at(-1)!.coverage);
  return best;
}

describe('the greedy choice', () => {
  it('takes one image of each kind before a second of any, the largest kind first', () => {
    const similarities = similaritiesOf(clusters([3, 9, 5], 1));
    const kinds = chooseGreedily(similarities, 3).map((image) => (image < 3 ? 0 : image < 12 ? 1 : 2));
    expect(kinds).toEqual([1, 2, 0]);
  });

  it('reaches the coverage that is guaranteed, and nearly the best there is', () => {
    for (let seed = 0; seed < 5; seed++) {
      const similarities = similaritiesOf(clusters([4, 4, 4, 4], seed));
      const greedy = coverageOf(similarities, chooseGreedily(similarities, 3)).at(-1)!.coverage;
      const best = bestTriple(similarities);
      expect(greedy).toBeLessThanOrEqual(best);
      expect(greedy).toBeGreaterThan((1 - 1 / Math.E) * best);
      expect(greedy).toBeGreaterThan(0.95 * best);
    }
  });

  it('gains less with every image, and covers everything once all are chosen', () => {
    const similarities = similaritiesOf(clusters([3, 4, 2], 2));
    const steps = coverageOf(similarities, chooseGreedily(similarities, 9));
    for (const [index, { gain }] of steps.entries())
      if (index > 0) expect(gain).toBeLessThanOrEqual(steps[index - 1]!.gain + 1e-6);
    expect(steps.at(-1)!.coverage).toBeCloseTo(1, 5);
  });

  it('takes the first of equal images, so that it is the same everywhere', () => {
    const same = Array.from({ length: 4 }, () => Float32Array.of(1, 0));
    expect(chooseGreedily(similaritiesOf(same), 2)).toEqual([0, 1]);
  });
});
