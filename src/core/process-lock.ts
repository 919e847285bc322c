import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

const HEARTBEAT_MS = 5_000;
/** A holder that has not shown life for so long is gone: its machine may be another one of the cluster. */
const ABANDONED_AFTER_MS = 60_000;
const POLL_MS = 250;
/** Of a thread of its own: the main one may work for minutes without a pause, on a large set of images. */
const HEARTBEAT = `
const { utimesSync } = require('node:fs');
const { path, everyMs } = require('node:worker_threads').workerData;
setInterval(() => {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // the disk may be gone for a while
  }
}, everyMs);`;

/**
 * Runs `work` while no other process, on this machine or on one that shares the disk, does so under the same lock
 * file. A lock whose holder has died is taken over.
 *
 * @param onWait called once when another process holds the lock.
 */
export async function withProcessLock<T>(
  path: string,
  onWait: () => void,
  work: () => Promise<T>,
): Promise<T> {
  let release = await tryProcessLock(path);
  if (release === undefined) onWait();
  while (release === undefined) {
    await delay(POLL_MS);
    release = await tryProcessLock(path);
  }
  try {
    return await work();
  } finally {
    await release();
  }
}

/**
 * Takes a lock file that no living process holds.
 * @returns what gives it back, or undefined when another process has it.
 */
export async function tryProcessLock(path: string): Promise<(() => Promise<void>) | undefined> {
  await mkdir(dirname(path), { recursive: true });
  if (!(await tryCreate(path))) {
    if (!(await isAbandoned(path))) return undefined;
    await rm(path, { force: true });
    if (!(await tryCreate(path))) return undefined;
  }
  const heartbeat = new Worker(HEARTBEAT, { eval: true, workerData: { path, everyMs: HEARTBEAT_MS } });
  heartbeat.unref();
  return async () => {
    await heartbeat.terminate();
    await rm(path, { force: true });
  };
}

/** Whether a living process has a lock file. */
export async function isLocked(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && !(await isAbandoned(path));
}

async function tryCreate(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(JSON.stringify({ pid: process.pid, host: hostname() }));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) return true;
    const holder = JSON.parse(await readFile(path, 'utf8')) as { pid: number; host: string };
    return holder.host === hostname() && !isRunning(holder.pid);
  } catch {
    return false; // just released, or not yet written
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
