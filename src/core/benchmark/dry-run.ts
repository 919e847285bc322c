import type { Candidate } from '../trials/dry-run.ts';
import type { Trial } from './plan.ts';

/** Each method on each dataset once: seeds change neither the model nor what the data must hold. */
export function dryRunCandidates(trials: readonly Trial[]): Candidate[] {
  const first = new Map<string, Candidate>();
  for (const { dataset, method, recipe, baseDirectory } of trials) {
    const label = `${dataset}/${method}`;
    if (!first.has(label)) first.set(label, { label, recipe, baseDirectory });
  }
  return [...first.values()];
}
