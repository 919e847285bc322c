import { Random } from '../random.ts';

/** A value and its confidence interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  /** Number of resamples. */
  readonly resamples: number;
  readonly seed: number;
  /** Coverage of the interval, e.g. 0.95. */
  readonly confidence: number;
}

export const BOOTSTRAP_DEFAULTS: BootstrapOptions = { resamples: 2000, seed: 0, confidence: 0.95 };

/** How often each unit was drawn in one resample, `[units]`. */
export type DrawCounts = Uint32Array;

/**
 * Percentile bootstrap over independent units (images: the landmarks of one image are not independent of each
 * other). Every statistic is computed on the same resamples, so that statistics of one set stay comparable.
 */
export class Bootstrap {
  readonly #draws: readonly DrawCounts[];
  readonly #everyUnitOnce: DrawCounts;
  readonly #confidence: number;

  constructor(unitCount: number, options: BootstrapOptions = BOOTSTRAP_DEFAULTS) {
    const random = new Random(options.seed, 'bootstrap', unitCount);
    this.#draws = Array.from({ length: options.resamples }, () => drawWithReplacement(unitCount, random));
    this.#everyUnitOnce = new Uint32Array(unitCount).fill(1);
    this.#confidence = options.confidence;
  }

  /**
   * @param statistic a function of how often each unit counts; NaN where a resample holds nothing to compute it from
   * (such resamples are left out of the interval).
   */
  estimate(statistic: (counts: DrawCounts) => number): Estimate {
    const value = statistic(this.#everyUnitOnce);
    const replicates = Float64Array.from(this.#draws, statistic)
      .filter((replicate) => !Number.isNaN(replicate))
      .sort();
    if (replicates.length === 0) return { value, low: value, high: value };
    const tail = (1 - this.#confidence) / 2;
    return { value, low: quantile(replicates, tail), high: quantile(replicates, 1 - tail) };
  }

  /** Estimate of `sum(numerator) / sum(denominator)`: a mean over points, of which a unit may have any number. */
  estimateRatio(numerators: readonly number[], denominators: readonly number[]): Estimate {
    return this.estimate((counts) => weightedSum(counts, numerators) / weightedSum(counts, denominators));
  }
}

/** Linear interpolation between order statistics (Hyndman & Fan's type 7, NumPy's default). */
export function quantile(sorted: ArrayLike<number>, probability: number): number {
  const position = probability * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (position - below);
}

function drawWithReplacement(unitCount: number, random: Random): DrawCounts {
  const counts = new Uint32Array(unitCount);
  for (let draw = 0; draw < unitCount; draw++) {
    const unit = random.integer(0, unitCount - 1);
    counts[unit] = (counts[unit] as number) + 1;
  }
  return counts;
}

function weightedSum(counts: DrawCounts, values: readonly number[]): number {
  let sum = 0;
  for (let unit = 0; unit < counts.length; unit++) sum += (counts[unit] as number) * (values[unit] as number);
  return sum;
}
