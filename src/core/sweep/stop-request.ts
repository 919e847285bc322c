import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A file, since whoever works on the sweep may be on another machine. */
const FILE = 'stop';
const POLL_MS = 500;

export function requestStop(directory: string): Promise<void> {
  return writeFile(join(directory, FILE), '');
}

export function clearStopRequest(directory: string): Promise<void> {
  return rm(join(directory, FILE), { force: true });
}

/** Calls `onStop` once when a stop is asked for. @returns what ends the watch. */
export function watchStopRequest(directory: string, onStop: () => void): () => void {
  const watch = setInterval(() => {
    if (!existsSync(join(directory, FILE))) return;
    clearInterval(watch);
    onStop();
  }, POLL_MS);
  return () => clearInterval(watch);
}
