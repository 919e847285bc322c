import { join } from 'node:path';
import { type RunResults, readRunResults } from '../evaluation/run-results.ts';
import type { Manifest, TrialRecord } from './manifest.ts';
import type { Trial } from './plan.ts';

/** A finished trial with what it found. */
export interface FinishedTrial {
  readonly trial: Trial;
  readonly record: TrialRecord;
  readonly results: RunResults;
}

/**
 * Reads the results of the teacher in every finished trial of a method.
 * @throws {RunError} FSX_RUN_UNREADABLE or FSX_PREDICTIONS_UNREADABLE.
 */
export function readFinishedTrials(plan: readonly Trial[], manifest: Manifest): Promise<FinishedTrial[]> {
  const finished = plan.filter((trial) => trial.method !== null && manifest.stateOf(trial) === 'finished');
  return Promise.all(
    finished.map(async (trial) => {
      const record = manifest.recordOf(trial)!;
      const results = await readRunResults(join(manifest.directory, record.run!), 'teacher');
      return { trial, record, results };
    }),
  );
}
