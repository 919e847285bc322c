import { TrackingError } from '../../errors.ts';
import { readJournal } from '../journal-file.ts';
import type { DeliveryReport } from '../tracker.ts';
import { loadCursor } from './cursor.ts';
import { type Environment, parseServerAddress } from './server-address.ts';
import { MlflowUploader } from './uploader.ts';

export interface SyncOptions {
  /** Of the server; else the one that the run sent to, else `MLFLOW_TRACKING_URI`. */
  readonly uri?: string;
  readonly environment: Environment;
  readonly timeoutMs: number;
}

/**
 * Delivers to MLflow what a run's journal holds and the server has not got. Doing it twice changes nothing.
 * @throws RunError when the folder holds no journal.
 * @throws TrackingError when no server is named.
 */
export async function syncRun(runDirectory: string, options: SyncOptions): Promise<DeliveryReport> {
  readJournal(runDirectory);
  const cursor = loadCursor(runDirectory);
  const uri = options.uri || cursor?.uri || options.environment.MLFLOW_TRACKING_URI;
  if (!uri) {
    throw new TrackingError('FSX_MLFLOW_URI_MISSING', `${runDirectory} was made without an MLflow server`, {
      suggestion: 'name one: --uri http://127.0.0.1:5000, or MLFLOW_TRACKING_URI; `mlflow server` starts one',
    });
  }
  const uploader = new MlflowUploader({
    runDirectory,
    address: parseServerAddress(uri, options.environment),
    experiment: cursor?.experiment ?? '',
    tags: cursor?.tags ?? {},
    register: cursor?.register ?? '',
  });
  return uploader.flush(options.timeoutMs);
}
