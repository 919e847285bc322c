import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Trial } from './plan.ts';
import { type ProcessEnd, runTrialProcess } from './trial-process.ts';

export interface DryRunRequest {
  readonly trials: readonly Trial[];
  readonly command: readonly string[];
  readonly signal: AbortSignal;
  readonly onEnd: (trial: Trial, end: ProcessEnd) => void;
}

/** Tries each method on each dataset once, by one step of each stage, and writes nothing that stays. */
export async function dryRunTrials({ trials, command, signal, onEnd }: DryRunRequest): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fsx-bench-'));
  try {
    for (const trial of onePerMethod(trials)) {
      if (signal.aborted) return;
      const file = join(folder, `${trial.recipe.name}.yaml`);
      await writeFile(file, stringify(trial.recipe, { lineWidth: 110 }));
      const argv = ['run', file, '--base', trial.baseDirectory, '--dry-run', '--reporter', 'json'];
      const ignore = () => undefined;
      onEnd(trial, await runTrialProcess({ command, argv, signal, listener: ignore, onStart: ignore }));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Seeds change neither the model nor what the data must hold. */
function onePerMethod(trials: readonly Trial[]): Trial[] {
  const first = new Map<string, Trial>();
  for (const trial of trials) {
    const key = `${trial.dataset}/${trial.method}`;
    if (!first.has(key)) first.set(key, trial);
  }
  return [...first.values()];
}
