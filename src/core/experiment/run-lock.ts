import { join } from 'node:path';
import { RunError } from '../errors.ts';
import { isLocked, tryProcessLock } from '../process-lock.ts';
import type { RunDirectory } from './run-directory.ts';

/**
 * Does work that writes into a run's folder, while no other process does.
 * @throws {RunError} FSX_RUN_BUSY; FSX_RUN_DIRECTORY for a folder that cannot be written.
 */
export async function withRunLock<T>({ path }: RunDirectory, work: () => Promise<T>): Promise<T> {
  const file = lockOf(path);
  const release = await tryProcessLock(file).catch((cause: Error) => {
    throw new RunError('FSX_RUN_DIRECTORY', `cannot write into ${path}: ${cause.message}`, {
      suggestion: 'Make the run folder writable, or copy it to a place that is.',
      cause,
    });
  });
  if (release === undefined) {
    throw new RunError('FSX_RUN_BUSY', `another process works on the run in ${path} (${file} says which)`, {
      suggestion: 'Wait for it. The lock of a machine that crashed is free a minute later.',
    });
  }
  try {
    return await work();
  } finally {
    await release();
  }
}

/** Whether a process works on a run. */
export function isBusyRun({ path }: RunDirectory): Promise<boolean> {
  return isLocked(lockOf(path));
}

function lockOf(path: string): string {
  return join(path, 'run.lock');
}
