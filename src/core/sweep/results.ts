import { join } from 'node:path';
import { digest } from '../digest.ts';
import { type JournalEntry, readJournal } from '../tracking/journal-file.ts';
import type { SweepManifest, TrialRecord } from './manifest.ts';
import type { Objective } from './schema.ts';

/** What a finished trial found. */
export interface TrialResults {
  readonly trial: TrialRecord;
  /** The objective; null when the run did not track it. */
  readonly value: number | null;
  /** The last value of each metric of the test images. */
  readonly test: Readonly<Record<string, number>>;
  /** From each start of the run to the last that was heard of it. */
  readonly seconds: number;
}

/** A point with all of its finished seeds. */
export interface PointResults {
  readonly params: Readonly<Record<string, unknown>>;
  readonly trials: readonly TrialResults[];
  /** Mean of the objective over the seeds; null when no finished trial has it. */
  readonly mean: number | null;
  /** Standard deviation over the seeds (n - 1); null for one. */
  readonly sd: number | null;
}

/** What a sweep found so far. */
export interface SweepResults {
  readonly name: string;
  readonly description: string;
  readonly objective: Objective;
  /** Points with a finished trial, best first; those with fewer seeds come after those with more. */
  readonly points: readonly PointResults[];
  readonly unfinished: readonly TrialRecord[];
  /** All that were asked for. */
  readonly trialCount: number;
}

/**
 * Gathers what the finished trials found from their journals.
 * @throws {RunError} FSX_JOURNAL_MISSING or FSX_JOURNAL_CORRUPT.
 */
export function collectResults(manifest: SweepManifest): SweepResults {
  const { name, description, objective, trials } = manifest;
  const finished = trials.filter(({ status }) => status === 'finished');
  const results = finished.map((trial) => trialResults(trial, manifest));
  const groups = new Map<string, TrialResults[]>();
  for (const one of results) {
    const key = digest(one.trial.params);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return {
    ...{ name, description, objective },
    points: [...groups.values()].map(pointResults).sort((a, b) => comparePoints(a, b, objective)),
    unfinished: trials.filter(({ status }) => status !== 'finished'),
    trialCount: trials.length,
  };
}

/** The best point, when there is one. */
export function bestPoint({ points }: SweepResults): PointResults | undefined {
  return points.find(({ mean }) => mean !== null);
}

function trialResults(trial: TrialRecord, { directory, objective }: SweepManifest): TrialResults {
  const { entries } = readJournal(join(directory, trial.run!));
  const values = new Map<string, number[]>();
  for (const { item } of entries) {
    if (item.kind !== 'metrics') continue;
    for (const [name, value] of Object.entries(item.metrics))
      values.set(name, [...(values.get(name) ?? []), value]);
  }
  const last = [...values].map(([name, all]) => [name, all.at(-1)!] as const);
  return {
    trial,
    value: objectiveOf(values.get(objective.metric) ?? [], objective),
    test: Object.fromEntries(last.filter(([name]) => name.startsWith('test/'))),
    seconds: secondsOf(entries),
  };
}

/** A run that diverged tracks numbers that are none. */
function objectiveOf(tracked: readonly number[], { goal, over }: Objective): number | null {
  const values = tracked.filter(Number.isFinite);
  if (values.length === 0) return null;
  if (over === 'last') return Number.isFinite(tracked.at(-1)) ? tracked.at(-1)! : null;
  return goal === 'minimize' ? Math.min(...values) : Math.max(...values);
}

function secondsOf(entries: readonly JournalEntry[]): number {
  let [totalMs, startMs, lastMs] = [0, 0, 0];
  for (const { item, timestampMs } of entries) {
    if (item.kind === 'run-start') {
      totalMs += lastMs - startMs;
      startMs = timestampMs;
    }
    lastMs = timestampMs;
  }
  return (totalMs + lastMs - startMs) / 1000;
}

function pointResults(trials: readonly TrialResults[]): PointResults {
  const values = trials.flatMap(({ value }) => (value === null ? [] : [value]));
  const { params } = trials[0]!.trial;
  if (values.length === 0) return { params, trials, mean: null, sd: null };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { params, trials, mean, sd: values.length === 1 ? null : Math.sqrt(squares / (values.length - 1)) };
}

function comparePoints(a: PointResults, b: PointResults, { goal }: Objective): number {
  const seedsOf = ({ trials }: PointResults) => trials.filter(({ value }) => value !== null).length;
  if (seedsOf(a) !== seedsOf(b)) return seedsOf(b) - seedsOf(a);
  if (a.mean === null || b.mean === null) return 0;
  return goal === 'minimize' ? a.mean - b.mean : b.mean - a.mean;
}
