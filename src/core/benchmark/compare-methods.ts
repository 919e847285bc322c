import { holm } from '../evaluation/holm.ts';
import { commonImages, imageErrors } from '../evaluation/run-results.ts';
import { compareOverSeeds, type SeedComparison, type SeedPair } from '../evaluation/seeds.ts';
import type { FinishedTrial } from './finished-trial.ts';
import type { BenchmarkSettings } from './schema.ts';

/** A method's comparison with the one that it is tested against. */
export interface Opponent extends SeedComparison {
  readonly against: string;
  /** Holm-corrected over all comparisons on the dataset. */
  readonly adjustedPValue: number;
}

/**
 * Tests each method against its opponent on the seeds that both have finished.
 * @param finished the trials of one dataset.
 * @returns by method; without those that have no opponent.
 * @throws {RunError} FSX_RUNS_NOT_COMPARABLE.
 */
export function compareMethods(
  { methods, reference }: BenchmarkSettings,
  finished: readonly FinishedTrial[],
): Map<string, Opponent> {
  const comparisons = Object.entries(methods).flatMap(([method, { against = reference }]) => {
    const pairs = method === against ? [] : seedPairs(finished, method, against);
    return pairs.length === 0 ? [] : [{ method, against, ...compareOverSeeds(pairs) }];
  });
  const adjusted = holm(comparisons.map(({ pValue }) => pValue));
  return new Map(
    comparisons.map(({ method, ...comparison }, index) => [
      method,
      { ...comparison, adjustedPValue: adjusted[index]! },
    ]),
  );
}

function seedPairs(finished: readonly FinishedTrial[], method: string, against: string): SeedPair[] {
  const of = (name: string) => finished.filter(({ trial }) => trial.method === name);
  return of(method).flatMap(({ trial, results: candidate }) => {
    const reference = of(against).find((other) => other.trial.seed === trial.seed)?.results;
    if (reference === undefined) return [];
    const images = commonImages([reference, candidate]);
    return [
      {
        seed: trial.seed,
        images,
        reference: imageErrors(reference, images),
        candidate: imageErrors(candidate, images),
      },
    ];
  });
}
