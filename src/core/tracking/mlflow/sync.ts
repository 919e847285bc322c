import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { JOURNAL_FILE, readJournal } from '../journal-file.ts';
import type { DeliveryReport } from '../tracker.ts';
import { loadCursor } from './cursor.ts';
import { namedServer } from './named-server.ts';
import type { Environment } from './server-address.ts';
import { MlflowUploader } from './uploader.ts';

export interface SyncOptions {
  /** Of the server; else the one that the run sent to, else as `namedServer` finds it. */
  readonly uri?: string;
  readonly environment: Environment;
  readonly timeoutMs: number;
}

/** The runs below a folder, by name: those of sweeps and benchmarks too, which have folders of their own. */
export function findRuns(root: string): string[] {
  if (!existsSync(root)) return [];
  const files = readdirSync(root, { encoding: 'utf8', recursive: true });
  const journals = files.filter((file) => basename(file) === JOURNAL_FILE);
  return journals.map((file) => join(root, dirname(file))).sort();
}

/**
 * Delivers to MLflow what a run's journal holds and the server has not got. Doing it twice changes nothing.
 * @throws RunError when the folder holds no journal.
 * @throws TrackingError when no server is named.
 */
export async function syncRun(runDirectory: string, options: SyncOptions): Promise<DeliveryReport> {
  readJournal(runDirectory);
  const cursor = loadCursor(runDirectory);
  const uri = options.uri || cursor?.uri || '';
  const uploader = new MlflowUploader({
    runDirectory,
    address: namedServer({ uri, environment: options.environment }),
    experiment: cursor?.experiment ?? '',
    tags: cursor?.tags ?? {},
    register: cursor?.register ?? '',
  });
  return uploader.flush(options.timeoutMs);
}
