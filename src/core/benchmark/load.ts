import type { PluginRegistry } from '../plugins/registry.ts';
import { checkValue } from '../recipe/check.ts';
import type { Environment } from '../recipe/environment.ts';
import type { LoadedRecipe } from '../recipe/load.ts';
import { locate } from '../recipe/locate.ts';
import { asJsonSchema } from '../recipe/places.ts';
import { InvalidRecipeError, type Problem } from '../recipe/problems.ts';
import { readRecipe } from '../recipe/read.ts';
import { RecipeMaker } from '../recipe/recipe-maker.ts';
import { type MapNode, plainValue } from '../recipe/tree.ts';
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
  readonly #maker: RecipeMaker;
  readonly #settings: BenchmarkSettings;
  readonly #options: LoadBenchmarkOptions;

  constructor(path: string, root: MapNode, settings: BenchmarkSettings, options: LoadBenchmarkOptions) {
    this.#path = path;
    this.#maker = new RecipeMaker(root);
    this.#settings = settings;
    this.#options = options;
  }

  async load(): Promise<Cell[]> {
    const cells: Cell[] = [];
    for (const [dataset, { recipe: name }] of Object.entries(this.#settings.datasets)) {
      const recipe = await this.#maker.recipeFile(['datasets', dataset, 'recipe'], name);
      if (recipe === undefined) continue;
      for (const method of this.#methodsOn(dataset)) {
        const loaded = await this.#loadCell(recipe, dataset, method);
        if (loaded !== undefined) cells.push({ dataset, method, loaded });
      }
    }
    const { problems } = this.#maker;
    if (problems.length > 0) throw invalid(this.#path, problems);
    return cells;
  }

  #methodsOn(dataset: string): string[] {
    const { seeds, methods } = this.#settings;
    return Object.keys(methods).filter((method) =>
      seeds.some((seed) => !isExcluded(this.#settings, dataset, method, seed)),
    );
  }

  async #loadCell(recipe: string, dataset: string, method: string): Promise<LoadedRecipe | undefined> {
    const layers = [[], ['datasets', dataset], ['methods', method]].flatMap((path) =>
      this.#maker.layer(path),
    );
    const loaded = await this.#maker.make(recipe, { ...this.#options, layers });
    if (loaded !== undefined) this.#requireTestImages(loaded, dataset);
    return loaded;
  }

  #requireTestImages({ recipe }: LoadedRecipe, dataset: string): void {
    const { test } = recipe.data.split;
    if (test !== 0 && test.toString() !== '') return;
    const message = `the methods cannot be compared: data.split.test of "${dataset}" is ${JSON.stringify(test)}`;
    this.#maker.add([{ path: ['datasets', dataset], message, expected: 'some test images' }]);
  }
}
