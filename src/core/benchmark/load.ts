import { stat } from 'node:fs/promises';
import type { PluginRegistry } from '../plugins/registry.ts';
import { checkValue } from '../recipe/check.ts';
import type { Environment } from '../recipe/environment.ts';
import type { Finding } from '../recipe/explain.ts';
import { type LoadedRecipe, type LoadOptions, loadRecipe } from '../recipe/load.ts';
import { locate } from '../recipe/locate.ts';
import { asJsonSchema } from '../recipe/places.ts';
import { InvalidRecipeError, type Problem, withoutRepetition } from '../recipe/problems.ts';
import { besideOf, readRecipe, withPluginPaths } from '../recipe/read.ts';
import { type MapNode, nodeAt, plainValue } from '../recipe/tree.ts';
import { typeValues } from '../recipe/typing.ts';
import { checkBenchmarkRules } from './rules.ts';
import { BenchmarkSchema, type BenchmarkSettings } from './schema.ts';

/** A method on a dataset: the recipe that all of their seeds have in common. */
export interface Cell {
  readonly dataset: string;
  readonly method: string;
  readonly loaded: LoadedRecipe;
}

/** A benchmark file, with every recipe that it makes. */
export interface Benchmark {
  readonly file: string;
  readonly settings: BenchmarkSettings;
  /** Datasets in order, and the methods of each in order; without those that `exclude` leaves no seed. */
  readonly cells: readonly Cell[];
}

export interface LoadBenchmarkOptions {
  readonly createRegistry: () => Promise<PluginRegistry>;
  readonly environment: Environment;
}

/**
 * Reads a benchmark file and makes and checks the recipe of every method on every dataset.
 * @throws {InvalidRecipeError} FSX_BENCHMARK_INVALID with every problem that was found, in whichever file it stands.
 */
export async function loadBenchmark(path: string, options: LoadBenchmarkOptions): Promise<Benchmark> {
  const read = await readRecipe(path, options.environment);
  if (read.root === undefined) throw invalid(path, read.problems);
  const registry = await options.createRegistry();
  const typed = typeValues(read.root, asJsonSchema(BenchmarkSchema), registry);
  const settings = plainValue(typed) as BenchmarkSettings;
  const findings = checkValue(settings, BenchmarkSchema, { registry, reportUnknownTypes: true });
  if (findings.length === 0) findings.push(...checkBenchmarkRules(settings));
  const problems = [...read.problems, ...locate(findings, typed, read.problems)];
  if (problems.length > 0) throw invalid(path, problems);

  const cells = await new CellLoader(path, read.root, settings, options).load();
  return { file: path, settings, cells };
}

/** True for a combination that the file leaves out. */
export function isExcluded(
  { exclude }: BenchmarkSettings,
  dataset: string,
  method: string,
  seed: number,
): boolean {
  const point = { dataset, method, seed };
  return exclude.some((rule) =>
    Object.entries(rule).every(([key, value]) => point[key as keyof typeof point] === value),
  );
}

function invalid(path: string, problems: readonly Problem[]): InvalidRecipeError {
  return new InvalidRecipeError(path, problems, 'FSX_BENCHMARK_INVALID');
}

class CellLoader {
  readonly #path: string;
  readonly #root: MapNode;
  readonly #settings: BenchmarkSettings;
  readonly #options: LoadBenchmarkOptions;
  readonly #problems: Problem[] = [];

  constructor(path: string, root: MapNode, settings: BenchmarkSettings, options: LoadBenchmarkOptions) {
    this.#path = path;
    this.#root = root;
    this.#settings = settings;
    this.#options = options;
  }

  async load(): Promise<Cell[]> {
    const cells: Cell[] = [];
    for (const dataset of Object.keys(this.#settings.datasets)) {
      const recipe = await this.#recipeFile(dataset);
      if (recipe === undefined) continue;
      for (const method of this.#methodsOn(dataset)) {
        const loaded = await this.#loadCell(recipe, dataset, method);
        if (loaded !== undefined) cells.push({ dataset, method, loaded });
      }
    }
    if (this.#problems.length > 0) throw invalid(this.#path, withoutRepetition(this.#problems));
    return cells;
  }

  #methodsOn(dataset: string): string[] {
    const { seeds, methods } = this.#settings;
    return Object.keys(methods).filter((method) =>
      seeds.some((seed) => !isExcluded(this.#settings, dataset, method, seed)),
    );
  }

  async #recipeFile(dataset: string): Promise<string | undefined> {
    const path = ['datasets', dataset, 'recipe'];
    const node = nodeAt(this.#root, path)!;
    const file = besideOf(node.place.source.name, this.#settings.datasets[dataset]!.recipe);
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile()) return file;
    this.#add([{ path, message: `there is no recipe ${file}` }]);
    return undefined;
  }

  async #loadCell(recipe: string, dataset: string, method: string): Promise<LoadedRecipe | undefined> {
    const layers = [[], ['datasets', dataset], ['methods', method]].flatMap((path) => this.#layer(path));
    const settings: LoadOptions = { ...this.#options, layers };
    try {
      const loaded = await loadRecipe(recipe, settings);
      this.#requireTestImages(loaded, dataset);
      return loaded;
    } catch (error) {
      if (!(error instanceof InvalidRecipeError)) throw error;
      this.#problems.push(...error.problems);
      return undefined;
    }
  }

  /** What is `set` at a place of the file. */
  #layer(path: readonly string[]): MapNode[] {
    const node = nodeAt(this.#root, [...path, 'set']);
    return node?.kind === 'map' ? [withPluginPaths(node)] : [];
  }

  #requireTestImages({ recipe }: LoadedRecipe, dataset: string): void {
    const { test } = recipe.data.split;
    if (test !== 0 && test.toString() !== '') return;
    const message = `the methods cannot be compared: data.split.test of "${dataset}" is ${JSON.stringify(test)}`;
    this.#add([{ path: ['datasets', dataset], message, expected: 'some test images' }]);
  }

  #add(findings: readonly Finding[]): void {
    this.#problems.push(...locate(findings, this.#root, []));
  }
}
