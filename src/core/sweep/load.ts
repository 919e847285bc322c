import { dirname } from 'node:path';
import type { PluginRegistry } from '../plugins/registry.ts';
import { checkValue } from '../recipe/check.ts';
import type { Environment } from '../recipe/environment.ts';
import { type LoadedRecipe, loadPlugins } from '../recipe/load.ts';
import { locate } from '../recipe/locate.ts';
import { applyOverrides } from '../recipe/overrides.ts';
import { asJsonSchema } from '../recipe/places.ts';
import { InvalidRecipeError, type Problem } from '../recipe/problems.ts';
import { readRecipe } from '../recipe/read.ts';
import { RecipeMaker } from '../recipe/recipe-maker.ts';
import { type MapNode, plainValue } from '../recipe/tree.ts';
import { typeValues } from '../recipe/typing.ts';
import { type Point, paramsOf, pointsOf } from './points.ts';
import { checkSweepRules } from './rules.ts';
import { SweepSchema, type SweepSettings } from './schema.ts';

/** A point of a sweep: the recipe that all of its seeds have in common. */
export interface LoadedPoint {
  readonly params: Readonly<Record<string, unknown>>;
  readonly loaded: LoadedRecipe;
}

/** A sweep file, with the recipe of every point. */
export interface Sweep {
  readonly file: string;
  readonly settings: SweepSettings;
  readonly points: readonly LoadedPoint[];
  /** The built-in plugins and the file's own, for the launcher. */
  readonly registry: PluginRegistry;
  /** Entry files of the file's own plugins, absolute. */
  readonly pluginFiles: readonly string[];
}

export interface LoadSweepOptions {
  readonly createRegistry: () => Promise<PluginRegistry>;
  readonly environment: Environment;
  /** Other values for paths of the file, as `--set` takes them. */
  readonly overrides?: readonly string[];
}

/**
 * Reads a sweep file and makes and checks the recipe of every point.
 * @throws {InvalidRecipeError} FSX_SWEEP_INVALID with every problem that was found, in whichever file it stands.
 */
export async function loadSweep(path: string, options: LoadSweepOptions): Promise<Sweep> {
  const read = await readRecipe(path, options.environment);
  if (read.root === undefined) throw invalid(path, read.problems);
  const overridden = applyOverrides(read.root, options.overrides ?? []);
  const plugins = await loadPlugins(overridden.root, await options.createRegistry(), dirname(path));
  const { registry } = plugins;
  const typed = typeValues(overridden.root, asJsonSchema(SweepSchema), registry) as MapNode;
  const settings = plainValue(typed) as SweepSettings;
  const findings = checkValue(settings, SweepSchema, { registry, reportUnknownTypes: true });
  if (findings.length === 0) findings.push(...checkSweepRules(settings));
  const earlier = [...read.problems, ...overridden.problems, ...plugins.problems];
  const problems = [...earlier, ...locate(findings, typed, read.problems)];
  if (problems.length > 0) throw invalid(path, problems);
  const points = await new PointLoader(path, typed, settings, options).load();
  return { file: path, settings, points, registry, pluginFiles: plugins.files };
}

function invalid(path: string, problems: readonly Problem[]): InvalidRecipeError {
  return new InvalidRecipeError(path, problems, 'FSX_SWEEP_INVALID');
}

class PointLoader {
  readonly #path: string;
  readonly #root: MapNode;
  readonly #maker: RecipeMaker;
  readonly #settings: SweepSettings;
  readonly #options: LoadSweepOptions;

  constructor(path: string, root: MapNode, settings: SweepSettings, options: LoadSweepOptions) {
    this.#path = path;
    this.#root = root;
    this.#maker = new RecipeMaker(root);
    this.#settings = settings;
    this.#options = options;
  }

  async load(): Promise<LoadedPoint[]> {
    const recipe = await this.#maker.recipeFile(['recipe'], this.#settings.recipe);
    const points = recipe === undefined ? [] : pointsOf(this.#settings, this.#root);
    const loaded: LoadedPoint[] = [];
    for (const point of points) loaded.push(...(await this.#loadPoint(recipe!, point)));
    const { problems } = this.#maker;
    if (problems.length > 0) throw invalid(this.#path, problems);
    return loaded;
  }

  async #loadPoint(recipe: string, point: Point): Promise<LoadedPoint[]> {
    const layers = this.#maker.layer([]);
    const { createRegistry, environment } = this.#options;
    const loaded = await this.#maker.make(recipe, {
      createRegistry,
      environment,
      layers,
      assignments: point,
    });
    if (loaded === undefined) return [];
    this.#requireValidation(loaded);
    return [{ params: paramsOf(point), loaded }];
  }

  #requireValidation({ recipe }: LoadedRecipe): void {
    const { metric } = this.#settings.objective;
    const { validation } = recipe.data.split;
    if (!metric.startsWith('val/') || (validation !== 0 && validation.toString() !== '')) return;
    this.#maker.add([
      {
        path: ['objective', 'metric'],
        message: `the points cannot be ranked by ${metric}: data.split.validation is ${JSON.stringify(validation)}`,
        expected: 'some validation images, or another metric',
      },
    ]);
  }
}
