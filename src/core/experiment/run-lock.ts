import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RunError } from '../errors.ts';
import { isLocked, tryProcessLock } from '../process-lock.ts';
import type { RunDirectory } from './run-directory.ts';

const POLL_MS = 250;

/**
 * Does work that writes into a run's folder, while no other process does.
 * @param waits asked again and again while another process does; when it says no, that is an error.
 * @throws {RunError} FSX_RUN_BUSY; FSX_RUN_DIRECTORY for a folder that cannot be written.
 */
export async function withRunLock<T>(
  { path }: RunDirectory,
  work: () => Promise<T>,
  waits: () => boolean = () => false,
): Promise<T> {
  const file = lockOf(path);
  let release = await tryRunLock(path, file);
  while (release === undefined && waits()) {
    await delay(POLL_MS);
    release = await tryRunLock(path, file);
  }
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

function tryRunLock(path: string, file: string): ReturnType<typeof tryProcessLock> {
  return tryProcessLock(file).catch((cause: Error) => {
    throw new RunError('FSX_RUN_DIRECTORY', `cannot write into ${path}: ${cause.message}`, {
      suggestion: 'Make the run folder writable, or copy it to a place that is.',
      cause,
    });
  });
}

/** Whether a process works on a run. */
export function isBusyRun({ path }: RunDirectory): Promise<boolean> {
  return isLocked(lockOf(path));
}

function lockOf(path: string): string {
  return join(path, 'run.lock');
}
