import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { JOURNAL_FILE } from '../tracking/journal-file.ts';
import type { TrialTask } from './launcher.ts';

/** What `fsx` is asked for: to go on with the trial's run where it has begun, else to begin it. */
export async function trialArguments(task: TrialTask, threads: number | undefined): Promise<string[]> {
  const run = await findRun(task.folder);
  const argv = run === undefined ? runArguments(task, threads) : ['resume', run];
  return [...argv, '--reporter', 'json'];
}

/** Begins the trial's run. */
export function runArguments(task: TrialTask, threads: number | undefined): string[] {
  const { recipeFile, baseDirectory, folder } = task;
  const set = [`output=${folder}`, ...(threads === undefined ? [] : [`engine.threads=${threads}`])];
  return ['run', recipeFile, '--base', baseDirectory, ...set.flatMap((one) => ['--set', one])];
}

/** The run folder inside a trial's folder; one without a journal was hardly begun, and cannot be resumed. */
export async function findRun(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.sort().reverse()) {
    const found = await stat(join(folder, name, JOURNAL_FILE)).catch(() => undefined);
    if (found !== undefined) return join(folder, name);
  }
  return undefined;
}
