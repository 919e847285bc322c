import type { Tensor } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** What a fixture keeps of a tensor (`summary` in test/fixtures/formula.py). */
export interface Summary {
  readonly shape: readonly number[];
  readonly sum: number;
  readonly norm: number;
  readonly index: readonly number[];
  readonly values: readonly number[];
}

/**
 * Sum and norm relative to the norm; single values relative to themselves or, where they are smaller, to the root
 * mean square.
 */
export function expectSummary(
  tensor: Tensor,
  summary: Summary,
  { tolerance, elements = tolerance }: { tolerance: number; elements?: number },
  name: string,
): void {
  const values = tensor.dataSync() as Float32Array;
  expect(tensor.shape, name).toEqual(summary.shape);
  const sum = values.reduce((total, value) => total + value, 0);
  const norm = Math.sqrt(values.reduce((total, value) => total + value * value, 0));
  const typical = summary.norm / Math.sqrt(values.length);
  expect(Math.abs(norm - summary.norm) / summary.norm, `norm of ${name}`).toBeLessThan(tolerance);
  const drift = Math.abs(sum - summary.sum) / (typical * values.length);
  expect(drift, `sum of ${name}`).toBeLessThan(tolerance);
  for (const [i, index] of summary.index.entries()) {
    const wanted = summary.values[i]!;
    const error = Math.abs(values[index]! - wanted) / Math.max(typical, Math.abs(wanted));
    expect(error, `${name}[${index}]`).toBeLessThan(elements);
  }
}

/** Every element within an absolute tolerance. */
export function expectClose(actual: Tensor, expected: unknown, tolerance: number, name = ''): void {
  const wanted = (expected as readonly unknown[]).flat(Number.POSITIVE_INFINITY) as number[];
  const values = actual.dataSync();
  expect(values.length, name).toBe(wanted.length);
  for (const [i, value] of values.entries()) {
    expect(Math.abs(value - wanted[i]!), `${name}[${i}]`).toBeLessThan(tolerance);
  }
}
