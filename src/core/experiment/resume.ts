import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { removeDrafts } from '../atomic-file.ts';
import { RunError } from '../errors.ts';
import type { Recipe } from '../recipe/schema.ts';
import { JOURNAL_FILE, readJournal } from '../tracking/journal-file.ts';
import { type Checkpoint, readCheckpoint } from '../training/checkpoint.ts';
import { PREVIOUS, restorePrevious } from '../training/previous-checkpoint.ts';
import { continueRun, type RunOutcome, type RunRequest } from './run.ts';
import type { RunDirectory } from './run-directory.ts';
import { withRunLock } from './run-lock.ts';
import { flatten } from './tracked-facts.ts';

/**
 * Goes on with the run in a folder.
 * @param wait for another process that works on the run, as long as nobody asks to stop.
 * @throws {RunError} FSX_RESUME_RECIPE_CHANGED, with the difference; FSX_RESUME_FINISHED when there is nothing to do;
 * FSX_RUN_BUSY when another process does so.
 */
export function resumeRun(request: RunRequest, directory: RunDirectory, wait: boolean): Promise<RunOutcome> {
  const waits = () => wait && !request.interruption.requested;
  return withRunLock(directory, () => goOn(request, directory), waits);
}

async function goOn(request: RunRequest, directory: RunDirectory): Promise<RunOutcome> {
  await removeDrafts(dirname(directory.checkpoint('last')));
  const last = await lastCheckpoint(request, directory);
  if (last !== undefined) refuseChangedRecipe(last, request);
  if (await isFinishedRun(directory)) {
    throw new RunError('FSX_RESUME_FINISHED', `the run in ${directory.path} is finished`, {
      suggestion: 'Start a new one with `fsx run`, or evaluate it again with `fsx evaluate`.',
    });
  }
  return continueRun(request, directory.path, last);
}

/** The last checkpoint, or the one before it, put in its place, when that is damaged; undefined when there is none. */
async function lastCheckpoint(
  { listener }: RunRequest,
  directory: RunDirectory,
): Promise<Checkpoint | undefined> {
  const last = directory.checkpoint('last');
  const previous = directory.checkpoint(PREVIOUS);
  if (!(await exists(last))) return undefined;
  try {
    return await readCheckpoint(last);
  } catch (error) {
    if (!(error instanceof RunError && (await exists(previous)))) throw error;
    const before = await readCheckpoint(previous);
    await restorePrevious(previous, last);
    listener({ kind: 'notice', message: `${error.message}. Going on from the one before it.` });
    return before;
  }
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
