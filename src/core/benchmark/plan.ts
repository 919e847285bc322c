import { digest } from '../digest.ts';
import type { EngineName } from '../engine/engine.ts';
import { digestPlugin } from '../plugins/user-plugins.ts';
import { hashRecipe } from '../recipe/hash.ts';
import { type Recipe, resolveStage } from '../recipe/schema.ts';
import { type Benchmark, type Cell, isExcluded } from './load.ts';

/** One training of a benchmark: a method on a dataset with a seed, or a first stage that several methods share. */
export interface Trial {
  /** `dataset/method/seed`; a shared stage has `shared:<stage>-<hash>` in the method's place. */
  readonly id: string;
  readonly dataset: string;
  /** Null for a stage that is trained only for others to start from. */
  readonly method: string | null;
  readonly seed: number;
  /** With all of its stages, whether or not the first one is shared. */
  readonly recipe: Recipe;
  /** Relative paths in the recipe start here. */
  readonly baseDirectory: string;
  /** Of all that decides its numbers, but for images and fsx itself. Sharing changes no number. */
  readonly hash: string;
  /** Of all that decides the weights after its first stage, within the dataset. */
  readonly firstStageHash: string;
  /** The trial that trains its first stage, where it does not train that itself. */
  readonly startsFrom: string | null;
}

/**
 * The trials of a benchmark: all methods of a seed before the next seed, so that the tables fill evenly. Methods whose
 * first stage is the same have it trained once: by the method that has no other stage, else by a trial of its own.
 *
 * @param engine what `auto` stands for: one benchmark is trained on one engine.
 */
export async function planTrials({ settings, cells }: Benchmark, engine: EngineName): Promise<Trial[]> {
  const plugins = await digestPlugins(cells);
  return settings.seeds.flatMap((seed) =>
    Object.keys(settings.datasets).flatMap((dataset) => {
      const own = cells.filter(
        (cell) => cell.dataset === dataset && !isExcluded(settings, dataset, cell.method, seed),
      );
      return shareFirstStages(own.map((cell) => makeTrial(settings.name, cell, seed, engine, plugins)));
    }),
  );
}

/** Steps of all stages, whoever trained them. */
export function totalSteps({ stages }: Recipe): number {
  return stages.reduce((total, { steps }) => total + steps, 0);
}

type PluginDigests = ReadonlyMap<string, string>;

async function digestPlugins(cells: readonly Cell[]): Promise<PluginDigests> {
  const files = new Set(cells.flatMap(({ loaded }) => loaded.pluginFiles));
  const entries = [...files].map(async (file) => [file, await digestPlugin(file)] as const);
  return new Map(await Promise.all(entries));
}

function makeTrial(
  benchmark: string,
  { dataset, method, loaded }: Cell,
  seed: number,
  engine: EngineName,
  digests: PluginDigests,
): Trial {
  const { type, ...threads } = loaded.recipe.engine as Exclude<Recipe['engine'], string>;
  const recipe: Recipe = {
    ...loaded.recipe,
    name: `${dataset}.${method}.${seed}`,
    seed,
    engine: { type: type === 'auto' ? engine : type, ...threads },
    tracking: loaded.recipe.tracking ?? { type: 'mlflow', experiment: benchmark },
  };
  const plugins = loaded.pluginFiles.map((file) => digests.get(file));
  return {
    id: `${dataset}/${method}/${seed}`,
    ...{ dataset, method, seed, recipe },
    baseDirectory: loaded.baseDirectory,
    hash: digest({ recipe: hashRecipe(recipe), plugins }),
    firstStageHash: digest({ ...decisiveForFirstStage(recipe), plugins }),
    startsFrom: null,
  };
}

/** What is not here is read only after training: evaluation, tracking, names, the other stages. */
function decisiveForFirstStage(recipe: Recipe) {
  const { seed, engine, data, model, augmentation } = recipe;
  return { seed, engine, data, model, augmentation, stage: resolveStage(recipe, 0) };
}

/** @param trials of one dataset and seed. */
function shareFirstStages(trials: readonly Trial[]): Trial[] {
  const groups = new Map<string, Trial[]>();
  for (const trial of trials) {
    const { firstStageHash } = trial;
    groups.set(firstStageHash, [...(groups.get(firstStageHash) ?? []), trial]);
  }
  return [...groups.values()].flatMap(shareInGroup);
}

function shareInGroup(group: readonly Trial[]): Trial[] {
  const followers = group.filter(canFollow);
  const whole = group.find(({ recipe }) => recipe.stages.length === 1);
  if (followers.length + (whole === undefined ? 0 : 1) < 2) return [...group];
  const source = whole ?? firstStageAlone(followers[0]!);
  const sharing = group.map((trial) =>
    followers.includes(trial) ? { ...trial, startsFrom: source.id } : trial,
  );
  return whole === undefined ? [source, ...sharing] : sharing;
}

/** The best validation of a run may lie in its first stage, of which a run that starts after it knows nothing. */
function canFollow({ recipe }: Trial): boolean {
  return recipe.stages.length > 1 && recipe.evaluation.checkpoint === 'last';
}

function firstStageAlone(trial: Trial): Trial {
  const { dataset, seed, firstStageHash } = trial;
  const stage = trial.recipe.stages[0]!;
  const label = `${stage.name}-${firstStageHash.slice(0, 6)}`;
  const name = `${dataset}.shared-${label}.${seed}`;
  return {
    ...trial,
    id: `${dataset}/shared:${label}/${seed}`,
    method: null,
    recipe: { ...trial.recipe, name, stages: [stage] },
    hash: firstStageHash,
  };
}
