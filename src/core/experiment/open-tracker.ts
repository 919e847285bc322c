import type { Environment } from '../recipe/environment.ts';
import type { LoadedRecipe } from '../recipe/load.ts';
import type { Tracker } from '../tracking/tracker.ts';

/** How long what is left may take to reach the server when the work is done; `fsx sync` sends the rest. */
export const DELIVERY_MS = 20_000;

/**
 * The recipe's tracker; without one, MLflow where the environment names a server.
 * @param name of what is tracked, for an experiment that the recipe does not name.
 * @returns null where nothing is to be sent.
 */
export function openTracker(
  { recipe, registry }: LoadedRecipe,
  name: string,
  environment: Environment,
): Tracker | null {
  const reference = recipe.tracking ?? (environment.MLFLOW_TRACKING_URI ? { type: 'mlflow' } : null);
  if (reference === null) return null;
  return registry.create('tracker', reference, { recipeName: name, environment });
}
