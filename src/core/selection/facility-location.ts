/** How like each other some images are: `[images, images]`, row by row, symmetric, from 0 to 1. */
export interface Similarities {
  readonly count: number;
  readonly values: Float32Array;
}

/** What one more image adds. */
export interface CoverageStep {
  /** Mean over all images of their similarity to the most similar one that is chosen, from 0 to 1. */
  readonly coverage: number;
  /** By how much it grew. */
  readonly gain: number;
}

/** Scalar products of vectors of length 1 without negative entries. */
export function similaritiesOf(descriptors: readonly Float32Array[]): Similarities {
  const count = descriptors.length;
  const values = new Float32Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      const [a, b] = [descriptors[i]!, descriptors[j]!];
      let product = 0;
      for (let k = 0; k < a.length; k++) product += a[k]! * b[k]!;
      values[i * count + j] = product;
      values[j * count + i] = product;
    }
  }
  return { count, values };
}

/**
 * Chooses images that together represent all of them: each next one is the one with which coverage grows most. Coverage
 * is monotone and submodular (facility location), so that this greedy choice has at least 1 - 1/e = 63 % of the coverage
 * of the best choice of as many images (Nemhauser, Wolsey & Fisher, *An Analysis of Approximations for Maximizing
 * Submodular Set Functions*, 1978).
 * @returns positions, the most useful first; of equally good images the first.
 */
export function chooseGreedily({ count, values }: Similarities, wanted: number): number[] {
  const best = new Float32Array(count);
  const chosen: number[] = [];
  while (chosen.length < wanted) {
    const next = mostGaining(values, best, new Set(chosen));
    chosen.push(next);
    for (let j = 0; j < count; j++) best[j] = Math.max(best[j]!, values[next * count + j]!);
  }
  return chosen;
}

/** Coverage of a choice, image by image. */
export function coverageOf({ count, values }: Similarities, chosen: readonly number[]): CoverageStep[] {
  const best = new Float32Array(count);
  let before = 0;
  return chosen.map((image) => {
    let sum = 0;
    for (let j = 0; j < count; j++) {
      best[j] = Math.max(best[j]!, values[image * count + j]!);
      sum += best[j]!;
    }
    const coverage = sum / count;
    const gain = coverage - before;
    before = coverage;
    return { coverage, gain };
  });
}

function mostGaining(values: Float32Array, best: Float32Array, taken: ReadonlySet<number>): number {
  const count = best.length;
  let [winner, most] = [-1, -1];
  for (let i = 0; i < count; i++) {
    if (taken.has(i)) continue;
    let gain = 0;
    for (let j = 0; j < count; j++) gain += Math.max(0, values[i * count + j]! - best[j]!);
    if (gain > most) [winner, most] = [i, gain];
  }
  return winner;
}
