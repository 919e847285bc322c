import wilcoxon from '@stdlib/stats-wilcoxon';
import { BOOTSTRAP_DEFAULTS, Bootstrap, type BootstrapOptions, type Estimate } from './bootstrap.ts';

export interface PairedComparison {
  readonly pairs: number;
  /** Mean of `candidate - reference`: negative when the candidate's errors are smaller. */
  readonly difference: Estimate;
  /** Two-sided Wilcoxon signed-rank test; 1 when every pair is equal. */
  readonly pValue: number;
}

/**
 * Compares two methods on the same images: bootstrap interval of the mean difference, and the Wilcoxon signed-rank
 * test (zero differences dropped; exact up to 50 pairs without ties or zeros, else the normal approximation with
 * tie and continuity correction).
 *
 * @param reference mean error of each image, `[images]`.
 * @param candidate the same images in the same order.
 */
export function comparePaired(
  reference: readonly number[],
  candidate: readonly number[],
  options: BootstrapOptions = BOOTSTRAP_DEFAULTS,
): PairedComparison {
  if (reference.length !== candidate.length || reference.length === 0) {
    throw new RangeError(`cannot pair ${reference.length} images with ${candidate.length}`);
  }
  const differences = candidate.map((error, image) => error - (reference[image] as number));
  const bootstrap = new Bootstrap(differences.length, options);
  return {
    pairs: differences.length,
    difference: bootstrap.estimateRatio(differences, new Array<number>(differences.length).fill(1)),
    pValue: signedRankPValue(differences),
  };
}

/** Two-sided p-value of the Wilcoxon signed-rank test that the differences are symmetric around zero. */
export function signedRankPValue(differences: readonly number[]): number {
  const nonZero = differences.filter((difference) => difference !== 0);
  if (nonZero.length === 0) return 1;
  if (differences.length < 2) return 1;
  return Math.min(1, wilcoxon([...differences]).pValue);
}
