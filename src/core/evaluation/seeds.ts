import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import { comparePaired, type PairedComparison, signedRankPValue } from './paired-comparison.ts';
import { mean, standardDeviation } from './radial-error.ts';

/** A number's mean over seeds, and how far it would move with other seeds. */
export interface SeedMean {
  readonly value: number;
  /** Over the seeds (n - 1); null for one seed. */
  readonly sd: number | null;
  /** Student's t interval; null for one seed. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** The errors of two methods with one seed, on the test images that both have. */
export interface SeedPair {
  readonly seed: number;
  readonly images: readonly string[];
  /** Mean error of each image. */
  readonly reference: readonly number[];
  readonly candidate: readonly number[];
}

export interface SeedComparison {
  readonly seeds: number;
  /** Different test images, over all seeds. */
  readonly images: number;
  /** Of `candidate - reference`, each seed's mean over its images counting once; negative is better. */
  readonly difference: SeedMean;
  /** Wilcoxon signed-rank test over images, each with the mean of its differences over the seeds. */
  readonly pValue: number;
  readonly bySeed: readonly (PairedComparison & { readonly seed: number })[];
}

export const SEED_CONFIDENCE = 0.95;

/**
 * Mean over seeds with Student's t interval. A seed stands for everything that is drawn (labeled images, first weights,
 * order of the batches), so seeds are the independent units; with the two to ten that one can afford, resampling them
 * gives intervals that are far too narrow, and the t interval does not.
 */
export function meanOverSeeds(values: readonly number[]): SeedMean {
  const value = mean(values);
  const count = values.length;
  if (count < 2) return { value, sd: null, interval: null };
  const sd = standardDeviation(values);
  const reach = (tQuantile((1 + SEED_CONFIDENCE) / 2, count - 1) * sd) / Math.sqrt(count);
  return { value, sd, interval: [value - reach, value + reach] };
}

/**
 * Compares two methods over seeds. The interval of the difference is over seeds: would other seeds say so too? The
 * p-value is over images, of which each counts once, however many seeds it was tested with: would other images say so?
 *
 * @param pairs one or more; the test images may differ from seed to seed.
 */
export function compareOverSeeds(pairs: readonly SeedPair[]): SeedComparison {
  const bySeed = pairs.map(({ seed, reference, candidate }) => ({
    seed,
    ...comparePaired(reference, candidate),
  }));
  const differences = differencesByImage(pairs);
  return {
    seeds: pairs.length,
    images: differences.length,
    difference: meanOverSeeds(bySeed.map(({ difference }) => difference.value)),
    pValue: signedRankPValue(differences.map(mean)),
    bySeed,
  };
}

/** The differences of each image, one a seed that tested it. */
function differencesByImage(pairs: readonly SeedPair[]): number[][] {
  const byImage = new Map<string, number[]>();
  for (const { images, reference, candidate } of pairs) {
    for (const [index, image] of images.entries()) {
      const difference = candidate[index]! - reference[index]!;
      byImage.set(image, [...(byImage.get(image) ?? []), difference]);
    }
  }
  return [...byImage.values()];
}
