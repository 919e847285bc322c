import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Recipe } from '../recipe/schema.ts';
import { type ProcessEnd, runTrialProcess } from './trial-process.ts';

/** A recipe to try, and what it is called when it fails. */
export interface Candidate {
  readonly label: string;
  readonly recipe: Recipe;
  readonly baseDirectory: string;
}

export interface DryRunRequest {
  readonly candidates: readonly Candidate[];
  readonly command: readonly string[];
  readonly signal: AbortSignal;
  readonly onEnd: (candidate: Candidate, end: ProcessEnd) => void;
}

/** Tries recipes one after the other, by one step of each stage, and writes nothing that stays. */
export async function dryRunRecipes(request: DryRunRequest): Promise<void> {
  const { candidates, command, signal, onEnd } = request;
  const folder = await mkdtemp(join(tmpdir(), 'fsx-dry-run-'));
  try {
    for (const candidate of candidates) {
      if (signal.aborted) return;
      const file = join(folder, `${candidate.recipe.name}.yaml`);
      await writeFile(file, stringify(candidate.recipe, { lineWidth: 110 }));
      const argv = ['run', file, '--base', candidate.baseDirectory, '--dry-run', '--reporter', 'json'];
      const ignore = () => undefined;
      onEnd(candidate, await runTrialProcess({ command, argv, signal, listener: ignore, onStart: ignore }));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
