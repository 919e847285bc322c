import { quantile } from '../../evaluation/bootstrap.ts';

/** Smallest, middle and largest of some numbers. */
export interface Range {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** `null` for no numbers. */
export function rangeOf(values: readonly number[]): Range | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  return { min: sorted[0]!, median: quantile(sorted, 0.5), max: sorted.at(-1)! };
}

/** NaN for no numbers. */
export function medianOf(values: readonly number[]): number {
  return rangeOf(values)?.median ?? Number.NaN;
}

/** Square root of the mean of squares; NaN for no numbers. */
export function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}
