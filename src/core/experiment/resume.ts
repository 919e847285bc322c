import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { RunError } from '../errors.ts';
import type { Recipe } from '../recipe/schema.ts';
import { JOURNAL_FILE, readJournal } from '../tracking/journal-file.ts';
import { type Checkpoint, readCheckpoint } from '../training/checkpoint.ts';
import { continueRun, type RunOutcome, type RunRequest } from './run.ts';
import type { RunDirectory } from './run-directory.ts';
import { flatten } from './tracked-facts.ts';

/**
 * Goes on with the run in a folder.
 * @throws {RunError} FSX_RESUME_RECIPE_CHANGED, with the difference; FSX_RESUME_FINISHED when there is nothing to do.
 */
export async function resumeRun(request: RunRequest, directory: RunDirectory): Promise<RunOutcome> {
  const path = directory.checkpoint('last');
  const last = (await exists(path)) ? await readCheckpoint(path) : undefined;
  if (last !== undefined) refuseChangedRecipe(last, request);
  if (await isFinishedRun(directory)) {
    throw new RunError('FSX_RESUME_FINISHED', `the run in ${directory.path} is finished`, {
      suggestion: 'Start a new one with `fsx run`, or evaluate it again with `fsx evaluate`.',
    });
  }
  return continueRun(request, directory.path, last);
}

/** True when the last thing that the run tracked is that it came to its end. */
export async function isFinishedRun({ path }: RunDirectory): Promise<boolean> {
  if (!(await exists(join(path, JOURNAL_FILE)))) return false;
  const ends = readJournal(path).entries.flatMap(({ item }) =>
    item.kind === 'run-end' ? [item.status] : [],
  );
  return ends.at(-1) === 'finished';
}

function refuseChangedRecipe({ facts }: Checkpoint, { loaded }: RunRequest): void {
  if (facts.recipeHash === loaded.hash) return;
  const changes = differences(facts.recipe, loaded.recipe);
  throw new RunError(
    'FSX_RESUME_RECIPE_CHANGED',
    ['the recipe of the run was changed:', ...changes].join('\n'),
    {
      suggestion: 'Undo the changes in recipe.resolved.yaml, or start a new run with the changed recipe.',
    },
  );
}

/** `  training.learningRate: 0.001 -> 0.01`, a line a value. */
function differences(before: Recipe, after: Recipe): string[] {
  const [old, recent] = [flatten(before), flatten(after)];
  const names = [...new Set([...Object.keys(old), ...Object.keys(recent)])].sort();
  return names
    .filter((name) => old[name] !== recent[name])
    .map((name) => `  ${name}: ${old[name] ?? '(absent)'} -> ${recent[name] ?? '(absent)'}`);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
