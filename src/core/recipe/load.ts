import { dirname, isAbsolute, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { EngineChoice } from '../engine/engine.ts';
import { FsxError } from '../errors.ts';
import type { PluginRegistry } from '../plugins/registry.ts';
import { registerUserPlugins, resolvePlugin } from '../plugins/user-plugins.ts';
import { checkValue } from './check.ts';
import type { Environment } from './environment.ts';
import { hashRecipe } from './hash.ts';
import { locate } from './locate.ts';
import { merge } from './merge.ts';
import { type Assignment, applyOverrides, assignValues } from './overrides.ts';
import { asJsonSchema } from './places.ts';
import { InvalidRecipeError, type Problem } from './problems.ts';
import { readRecipe } from './read.ts';
import { checkRules } from './rules.ts';
import { type Recipe, RecipeSchema } from './schema.ts';
import { placeText } from './source.ts';
import { childOf, type MapNode, plainValue, type RecipeNode } from './tree.ts';
import { typeValues } from './typing.ts';

export interface LoadOptions {
  /** Makes a registry of the built-in plugins, to which the recipe's own are added. */
  readonly createRegistry: () => PluginRegistry | Promise<PluginRegistry>;
  /** Recipes in part, merged over this one in order as `extends` merges; their environment is filled in. */
  readonly layers?: readonly MapNode[];
  /** Values by path, set over the layers. */
  readonly assignments?: readonly Assignment[];
  /** As `--set` takes them: `model.backbone.width=32`. */
  readonly overrides?: readonly string[];
  readonly environment?: Environment;
  /** Relative paths in the recipe start here; the recipe's folder when left out. */
  readonly baseDirectory?: string;
}

export interface LoadedRecipe {
  readonly recipe: Recipe;
  /** The resolved recipe as YAML; loading it again gives the same recipe. */
  readonly text: string;
  /** Where each value was written (`recipe.yaml:12:5`, `--set …`), by its path; values without one are defaults. */
  readonly origins: ReadonlyMap<string, string>;
  /** SHA-256, see `hashRecipe`. */
  readonly hash: string;
  /** Every recipe file that was read, the recipe first. */
  readonly files: readonly string[];
  /** Entry files of the recipe's own plugins, absolute: for `createRegistry` in another thread. */
  readonly pluginFiles: readonly string[];
  readonly baseDirectory: string;
  /** The built-in plugins and the recipe's own. */
  readonly registry: PluginRegistry;
}

/**
 * Reads a recipe, what it extends and its plugins; puts in the environment, the overrides and the defaults; checks
 * all of it.
 * @throws {InvalidRecipeError} FSX_RECIPE_INVALID with every problem that was found.
 */
export async function loadRecipe(path: string, options: LoadOptions): Promise<LoadedRecipe> {
  const read = await readRecipe(path, options.environment ?? {});
  if (read.root === undefined) throw new InvalidRecipeError(path, read.problems);
  const layered = (options.layers ?? []).reduce<RecipeNode>(merge, read.root);
  const assigned = assignValues(layered, options.assignments ?? []);
  const overridden = applyOverrides(assigned.root, options.overrides ?? []);
  const baseDirectory = resolve(options.baseDirectory ?? dirname(path));

  const plugins = await loadPlugins(overridden.root, await options.createRegistry(), baseDirectory);
  const { registry } = plugins;
  const root = typeValues(overridden.root, asJsonSchema(RecipeSchema), registry);
  const recipe = plainValue(root) as Recipe;
  const reportUnknownTypes = plugins.problems.length === 0;
  const findings = checkValue(recipe, RecipeSchema, { registry, reportUnknownTypes });
  const earlier = [...read.problems, ...assigned.problems, ...overridden.problems, ...plugins.problems];
  if (findings.length === 0 && earlier.length === 0) findings.push(...checkRules(recipe, registry));
  const problems = [...earlier, ...locate(findings, root, read.problems)];
  if (problems.length > 0) throw new InvalidRecipeError(path, problems);

  recipe.engine = normaliseEngine(recipe.engine);
  recipe.plugins = recipe.plugins.map((name) => pluginSetting(name, baseDirectory));
  return {
    recipe,
    text: stringify(recipe, { lineWidth: 110 }),
    origins: originsOf(root),
    hash: hashRecipe(recipe),
    files: read.files,
    pluginFiles: plugins.files,
    baseDirectory,
    registry,
  };
}

interface LoadedPlugins {
  readonly registry: PluginRegistry;
  readonly files: readonly string[];
  readonly problems: readonly Problem[];
}

/** Adds the plugins that a tree names under `plugins` to a registry. */
export async function loadPlugins(
  root: RecipeNode,
  registry: PluginRegistry,
  baseDirectory: string,
): Promise<LoadedPlugins> {
  const list = childOf(root, 'plugins');
  const items = list?.kind === 'list' ? list.items : [];
  const files: string[] = [];
  const problems: Problem[] = [];
  for (const item of items) {
    if (item.kind !== 'scalar' || typeof item.value !== 'string' || item.value === '') continue;
    try {
      const file = resolvePlugin(item.value, baseDirectory);
      files.push(file);
      await registerUserPlugins(registry, [file]);
    } catch (error) {
      if (!(error instanceof FsxError)) throw error;
      const { message, suggestion } = error;
      problems.push({ message, place: item.place, ...(suggestion === undefined ? {} : { suggestion }) });
    }
  }
  return { registry, files, problems };
}

/** A file is kept as an absolute path: the resolved recipe is read again from the run's folder. */
function pluginSetting(name: string, baseDirectory: string): string {
  return name.startsWith('.') && !isAbsolute(name) ? resolve(baseDirectory, name) : name;
}

function normaliseEngine(engine: EngineChoice | EngineChoice['type']): EngineChoice {
  const setting = typeof engine === 'string' ? { type: engine } : engine;
  return { ...setting, type: setting.type ?? 'auto' };
}

function originsOf(root: RecipeNode, path: readonly (string | number)[] = []): Map<string, string> {
  const origins = new Map<string, string>();
  if (root.kind === 'scalar') return origins.set(path.join('.'), placeText(root.place));
  const members =
    root.kind === 'list'
      ? root.items.map((item, index) => [index, item] as const)
      : [...root.entries].map(([key, entry]) => [key, entry.value] as const);
  for (const [key, member] of members) {
    for (const [name, origin] of originsOf(member, [...path, key])) origins.set(name, origin);
  }
  return origins;
}
