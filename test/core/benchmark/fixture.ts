import { createRegistry } from '../../../src/composition.ts';
import { type Benchmark, loadBenchmark } from '../../../src/core/benchmark/load.ts';
import {
  InvalidRecipeError,
  type ReportedProblem,
  reportProblem,
} from '../../../src/core/recipe/problems.ts';
import { RecipeFolder, VALID } from '../recipe/fixture.ts';

/** Two datasets, three methods of which two have a second stage, two seeds; beside `recipe.yaml`. */
export const BENCHMARK = `name: small
seeds: [1, 2]
set: { evaluation: { bootstrapSamples: 0 } }
datasets:
  five: { recipe: recipe.yaml }
  three: { recipe: recipe.yaml, set: { data: { split: { labeled: 3 } } } }
methods:
  supervised:
    set: { stages: [{ name: first, ssl: { type: supervised }, steps: 10 }] }
  control:
    set:
      stages:
        - { name: first, ssl: { type: supervised }, steps: 10 }
        - { name: more, from: first, ssl: { type: supervised }, steps: 4 }
  taught:
    against: supervised
    set:
      stages:
        - { name: first, ssl: { type: supervised }, steps: 10 }
        - { name: second, from: first, ssl: { type: few-shot-dag }, steps: 2 }
reference: control
`;

export interface GivenFiles {
  readonly benchmark?: string;
  readonly recipe?: string;
  readonly others?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
}

export async function loadText(given: GivenFiles = {}): Promise<Benchmark> {
  const { benchmark = BENCHMARK, recipe = VALID, others = {}, environment = {} } = given;
  await using folder = await RecipeFolder.create({
    'bench.yaml': benchmark,
    'recipe.yaml': recipe,
    ...others,
  });
  return await loadBenchmark(folder.file('bench.yaml'), {
    createRegistry: () => createRegistry(),
    environment,
  });
}

/** What is wrong with a benchmark file, files named relative to its folder. */
export async function problemsOf(given: GivenFiles): Promise<ReportedProblem[]> {
  const error = await loadText(given).catch((caught: unknown) => caught);
  if (!(error instanceof InvalidRecipeError)) return [];
  return error.problems.map((problem) => {
    const reported = reportProblem(problem);
    return { ...reported, file: reported.file.split('/').at(-1)! };
  });
}
