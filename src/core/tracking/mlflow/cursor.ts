import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How far the delivery of a run's journal to MLflow has come, and where it goes. Holds no secret. */
export interface DeliveryCursor {
  /** Of the server, without credentials; empty where the run named none. */
  readonly uri: string;
  /** Empty for the run's own. */
  readonly experiment: string;
  /** Tags that the recipe adds to the run. */
  readonly tags: Readonly<Record<string, string>>;
  /** Name in the model registry that the run's model gets a version of; empty for none. */
  readonly register: string;
  /** Absent until the server has given the run an id. */
  readonly experimentId?: string;
  readonly runId?: string;
  /** Everything in the journal up to here is on the server, or in `refused`. */
  readonly sentSequence: number;
  /** Metric values so far that were NaN or infinite. */
  readonly nonfinite: number;
  readonly refused: readonly RefusedItem[];
  /** Artifacts that stay in the run folder, because the server has no proxy to its artifact store. */
  readonly artifactsKeptLocal: number;
}

/** Nothing sent yet. */
export const NOTHING_SENT = { sentSequence: 0, nonfinite: 0, refused: [], artifactsKeptLocal: 0 } as const;

/** What the server will never take as it is. */
export interface RefusedItem {
  readonly sequence: number;
  readonly reason: string;
}

export const CURSOR_FILE = 'mlflow.cursor.json';

/**
 * Undefined where there is none, or none that can be read: everything is then sent again, which changes nothing on
 * the server.
 */
export function loadCursor(runDirectory: string): DeliveryCursor | undefined {
  try {
    const cursor = JSON.parse(readFileSync(join(runDirectory, CURSOR_FILE), 'utf8')) as DeliveryCursor;
    const valid = Number.isInteger(cursor.sentSequence) && Array.isArray(cursor.refused);
    return valid ? { ...cursor, register: cursor.register ?? '' } : undefined;
  } catch {
    return undefined;
  }
}

export function saveCursor(runDirectory: string, cursor: DeliveryCursor): void {
  const file = join(runDirectory, CURSOR_FILE);
  const draft = `${file}.new`;
  writeFileSync(draft, `${JSON.stringify(cursor, null, 2)}\n`);
  renameSync(draft, file);
}
