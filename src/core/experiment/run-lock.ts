import { join } from 'node:path';
import { RunError } from '../errors.ts';
import { tryProcessLock } from '../process-lock.ts';
import type { RunDirectory } from './run-directory.ts';

/**
 * Does work that writes into a run's folder, while no other process does.
 * @throws {RunError} FSX_RUN_BUSY; FSX_RUN_DIRECTORY for a folder that cannot be written.
 */
export async function withRunLock<T>({ path }: RunDirectory, work: () => Promise<T>): Promise<T> {
  const file = join(path, 'run.lock');
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
