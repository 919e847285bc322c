import { join, relative } from 'node:path';
import { digest } from '../digest.ts';
import { DELIVERY_MS, openTracker } from '../experiment/open-tracker.ts';
import { runFamily } from '../experiment/run-family.ts';
import type { PluginRegistry } from '../plugins/registry.ts';
import type { Environment } from '../recipe/environment.ts';
import { loadRecipe } from '../recipe/load.ts';
import { Journal } from '../tracking/journal.ts';
import { type JournalEntry, readJournal } from '../tracking/journal-file.ts';
import { collectSourceTags } from '../tracking/source-tags.ts';
import { type DeliveryReport, RESULT_STEP, type RunStatus, type Tracker } from '../tracking/tracker.ts';
import { markdownTable } from '../trials/text-table.ts';
import type { SweepManifest, TrialRecord } from './manifest.ts';
import { pointTable } from './result-table.ts';
import { bestPoint, type SweepResults } from './results.ts';
import { TRIALS_TABLE } from './write-results.ts';

export interface SweepReport {
  readonly manifest: SweepManifest;
  readonly results: SweepResults;
  /** What `writeResults` wrote. */
  readonly files: readonly string[];
}

export interface TrackSweepOptions {
  readonly createRegistry: () => Promise<PluginRegistry>;
  readonly environment: Environment;
}

/** More would not fit in a note. */
const POINTS_IN_NOTE = 20;

/**
 * Tells the trials' tracker of the sweep itself. Its folder gets a journal like a run's; the id in there is the key that
 * the trials' parent carries on the server, so that what is told arrives in that parent. What was told is not told again.
 * Then what finished trials could not deliver in their own time is delivered.
 * @returns how it went, of the first that is not all delivered where there is one; null where nothing is to be sent.
 */
export async function trackSweep(
  report: SweepReport,
  { createRegistry, environment }: TrackSweepOptions,
): Promise<DeliveryReport | null> {
  const { manifest } = report;
  const [first] = manifest.trials;
  const { baseDirectory } = first!;
  const loaded = await loadRecipe(manifest.recipeFile(first!), {
    createRegistry,
    environment,
    baseDirectory,
  });
  const open = () => openTracker(loaded, manifest.name, environment);
  const tracker = open();
  const journal = new Journal(manifest.directory, { runId: manifest.id });
  try {
    tracker?.follow(manifest.directory);
    if (!isTold(readJournal(manifest.directory).entries, report)) await tell(journal, report, environment);
  } finally {
    journal.close();
  }
  if (tracker === null) return null;
  const delivery = await tracker.flush(DELIVERY_MS);
  // a server that did not take the little of the sweep itself is not asked once for each trial
  return delivery.unsent > 0 ? delivery : ((await deliverTrials(manifest, open)) ?? delivery);
}

/** A machine or a server may be too busy for all of a trial within `DELIVERY_MS`. @returns the first that stays behind. */
async function deliverTrials(
  { directory, trials }: SweepManifest,
  open: () => Tracker | null,
): Promise<DeliveryReport | undefined> {
  const reports: DeliveryReport[] = [];
  for (const { status, run } of trials) {
    const tracker = status === 'finished' && run !== null ? open() : null;
    if (tracker === null) continue;
    tracker.follow(join(directory, run!));
    reports.push(await tracker.flush(DELIVERY_MS));
  }
  return reports.find(({ unsent }) => unsent > 0);
}

/** Trials finish one after the other: as many finished ones and the same end are the same results. */
function isTold(entries: readonly JournalEntry[], { manifest }: SweepReport): boolean {
  const last = entries.at(-1)?.item;
  const metrics = entries.findLast(({ item }) => item.kind === 'metrics')?.item;
  if (last?.kind !== 'run-end' || metrics?.kind !== 'metrics') return false;
  const finished = metrics.metrics['sweep/finished'];
  return last.status === statusOf(manifest) && finished === countOf(manifest, 'finished');
}

async function tell(journal: Journal, report: SweepReport, environment: Environment): Promise<void> {
  const { manifest, results, files } = report;
  const { name, objective, trials } = manifest;
  journal.append({
    kind: 'run-start',
    run: {
      ...runFamily(environment, name),
      experiment: name,
      recipeHash: digest(trials.map(({ hash }) => hash)),
      tags: {},
    },
  });
  journal.append({
    kind: 'tags',
    tags: { ...(await collectSourceTags(process.cwd())), 'mlflow.note.content': note(results) },
  });
  const params = Object.entries(objective).map(([key, value]) => [`objective.${key}`, value]);
  journal.append({ kind: 'params', params: Object.fromEntries(params) });
  journal.append({
    kind: 'metrics',
    step: RESULT_STEP,
    metrics: metricsOf(manifest, results),
  });
  for (const file of files.map((path) => relative(manifest.directory, path).replaceAll('\\', '/')))
    journal.append({ kind: file === TRIALS_TABLE ? 'table' : 'artifact', path: file, file });
  journal.append({ kind: 'run-end', status: statusOf(manifest) });
}

function metricsOf(manifest: SweepManifest, results: SweepResults): Record<string, number> {
  const best = bestPoint(results)?.mean ?? null;
  return {
    'sweep/trials': manifest.trials.length,
    'sweep/finished': countOf(manifest, 'finished'),
    'sweep/failed': countOf(manifest, 'failed'),
    ...(best === null ? {} : { [`best/${results.objective.metric}`]: best }),
  };
}

function note(results: SweepResults): string {
  const { name, description, points, trialCount, unfinished } = results;
  const shown = { ...results, points: points.slice(0, POINTS_IN_NOTE) };
  return [
    `**${name}**, ${trialCount - unfinished.length} of ${trialCount} trials finished${bestNote(results)}`,
    ...(description === '' ? [] : [description.trim()]),
    markdownTable(pointTable(shown)),
    'Parallel coordinates: results.html; the recipe of the best point: best.yaml.',
  ].join('\n\n');
}

/** MLflow folds a note after its first lines. */
function bestNote(results: SweepResults): string {
  const best = bestPoint(results);
  if (best === undefined) return '';
  const { columns, rows } = pointTable({ ...results, points: [best] });
  const [, ...cells] = rows[0]!;
  const facts = cells.map((cell, index) => `${columns[index + 1]} ${cell}`);
  return `; best: ${facts.join(', ')}`;
}

function statusOf({ trials }: SweepManifest): RunStatus {
  if (trials.every(({ status }) => status === 'finished')) return 'finished';
  return trials.some(({ status }) => status === 'failed') ? 'failed' : 'killed';
}

function countOf({ trials }: SweepManifest, wanted: TrialRecord['status']): number {
  return trials.filter(({ status }) => status === wanted).length;
}
