import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Journal, type JournalOptions } from '../../src/core/tracking/journal.ts';

/** A run folder of its own, removed when the test ends. */
export function temporaryRun(): string {
  const directory = mkdtempSync(join(tmpdir(), 'fsx-run-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** The journal of a run that has begun: its description, its params and a dataset. */
export function beginRun(runDirectory: string, experiment: string, options: JournalOptions = {}): Journal {
  const journal = new Journal(runDirectory, options);
  const tags = { 'mlflow.user': 'radiologist', 'mlflow.source.git.commit': 'abc123' };
  journal.append({ kind: 'run-start', run: { name: 'chest', experiment, recipeHash: 'f00d', tags } });
  journal.append({ kind: 'params', params: { seed: '7', 'names[0]': 'größe' } });
  journal.append({
    kind: 'dataset',
    dataset: {
      name: 'chest-phantom',
      context: 'labeled',
      digest: 'd1',
      sourceType: 'fsx',
      source: '{}',
      size: 5,
    },
  });
  return journal;
}

/** Adds the metrics of some steps: `train/loss` is `1 / step`. */
export function trainSteps(journal: Journal, from: number, to: number): void {
  for (let step = from; step <= to; step++) {
    journal.append({ kind: 'metrics', step, metrics: { 'train/loss': 1 / step } });
  }
}

/** Writes a report, names it as an artifact and ends the run. */
export function endRun(journal: Journal, runDirectory: string, report: Buffer): void {
  writeFileSync(join(runDirectory, 'report.html'), report);
  journal.append({ kind: 'artifact', path: 'report/näive report.html', file: 'report.html' });
  journal.append({ kind: 'run-end', status: 'finished' });
  journal.close();
}
