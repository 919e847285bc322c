import type { Environment } from '../recipe/environment.ts';
import type { ParentRun } from '../tracking/tracker.ts';

/**
 * What a launcher of many runs tells each through the environment.
 *
 * - `FSX_RUN_NAME` the name that the tracker shows, where the recipe's would be the same for all
 * - `FSX_PARENT_RUN` id of an MLflow run that this one is a part of
 * - `FSX_PARENT_KEY` for a parent that need not exist yet: any text that all parts share and no other run has, such as
 *   a UUID. Wherever and whenever they are delivered, they find each other under one parent; a run whose journal has
 *   the key as its id is that parent
 * - `FSX_PARENT_NAME` what the parent is called when a part makes it; the recipe's name where absent
 */
export function runFamily(
  environment: Environment,
  recipeName: string,
): { readonly name: string; readonly parent?: ParentRun } {
  const { FSX_RUN_NAME, FSX_PARENT_RUN, FSX_PARENT_KEY, FSX_PARENT_NAME } = environment;
  const name = FSX_RUN_NAME || recipeName;
  if (FSX_PARENT_RUN) return { name, parent: { runId: FSX_PARENT_RUN } };
  if (FSX_PARENT_KEY) return { name, parent: { key: FSX_PARENT_KEY, name: FSX_PARENT_NAME || recipeName } };
  return { name };
}
