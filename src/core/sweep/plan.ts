import { digest } from '../digest.ts';
import type { PluginReference } from '../plugins/definition.ts';
import { digestPlugin } from '../plugins/user-plugins.ts';
import { hashRecipe } from '../recipe/hash.ts';
import type { Recipe } from '../recipe/schema.ts';
import type { LoadedPoint, Sweep } from './load.ts';
import { trialNames } from './names.ts';

/** One training of a sweep: a point with a seed. */
export interface PlannedTrial {
  /** What it differs in from others; part of its folder's name. May be empty. */
  readonly label: string;
  /** What it sets in the recipe, by path; without the seed. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly recipe: Recipe;
  /** Relative paths in the recipe start here. */
  readonly baseDirectory: string;
  /** Of all that decides its numbers, but for images, the machine and fsx itself. */
  readonly hash: string;
}

/**
 * The trials of a sweep: all points of a seed before the next seed, so that points can be compared early. Points that
 * make the same recipe are one trial.
 */
export async function planTrials({ settings, points }: Sweep): Promise<PlannedTrial[]> {
  const { seeds } = settings;
  const digests = await digestPlugins(points);
  const seedsOf = ({ loaded }: LoadedPoint) => (seeds.length === 0 ? [loaded.recipe.seed] : seeds);
  const rounds = Math.max(seeds.length, 1);
  const trials = Array.from({ length: rounds }, (_, round) =>
    points.map((point) => makeTrial(settings.name, point, seedsOf(point)[round]!, digests)),
  ).flat();
  const distinct = [...new Map(trials.toReversed().map((trial) => [trial.hash, trial])).values()].reverse();
  const names = trialNames(distinct.map(({ params, seed }) => ({ ...params, seed })));
  return distinct.map((trial, index) => ({ ...trial, label: names[index]! }));
}

async function digestPlugins(points: readonly LoadedPoint[]): Promise<ReadonlyMap<string, string>> {
  const files = new Set(points.flatMap(({ loaded }) => loaded.pluginFiles));
  const entries = [...files].map(async (file) => [file, await digestPlugin(file)] as const);
  return new Map(await Promise.all(entries));
}

function makeTrial(
  sweep: string,
  { params, loaded }: LoadedPoint,
  seed: number,
  digests: ReadonlyMap<string, string>,
): Omit<PlannedTrial, 'label'> {
  const tracking: PluginReference = loaded.recipe.tracking ?? { type: 'mlflow' };
  const recipe: Recipe = {
    ...loaded.recipe,
    seed,
    tracking:
      tracking.type === 'mlflow' && !tracking.experiment ? { ...tracking, experiment: sweep } : tracking,
  };
  const plugins = loaded.pluginFiles.map((file) => digests.get(file));
  return {
    ...{ params, seed, recipe },
    baseDirectory: loaded.baseDirectory,
    hash: digest({ recipe: hashRecipe(recipe), plugins }),
  };
}
