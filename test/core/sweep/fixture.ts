import { createRegistry } from '../../../src/composition.ts';
import {
  InvalidRecipeError,
  type ReportedProblem,
  reportProblem,
} from '../../../src/core/recipe/problems.ts';
import { loadSweep, type Sweep } from '../../../src/core/sweep/load.ts';
import { RecipeFolder, VALID } from '../recipe/fixture.ts';

/** Every kind of axis, beside `recipe.yaml`. */
export const SWEEP = `name: small
recipe: recipe.yaml
set: { evaluation: { bootstrapSamples: 0 } }
seeds: [1, 2]
grid:
  training.clipNorm: [1, 2]
zip:
  - training.labeledBatch: [4, 8]
    data.split.labeled: [3, 5]
random:
  samples: 2
  axes:
    training.learningRate: { logUniform: [0.0001, 0.01] }
    stages.first.steps: { integer: [5, 9] }
`;

export async function loadText(
  sweep = SWEEP,
  overrides: readonly string[] = [],
  others: Readonly<Record<string, string>> = {},
): Promise<Sweep> {
  await using folder = await RecipeFolder.create({ 'sweep.yaml': sweep, 'recipe.yaml': VALID, ...others });
  return await loadSweep(folder.file('sweep.yaml'), {
    createRegistry: () => createRegistry(),
    environment: {},
    overrides,
  });
}

/** What is wrong with a sweep file, files named relative to its folder. */
export async function problemsOf(sweep: string): Promise<ReportedProblem[]> {
  const error = await loadText(sweep).catch((caught: unknown) => caught);
  if (!(error instanceof InvalidRecipeError)) return [];
  return error.problems.map((problem) => {
    const reported = reportProblem(problem);
    return { ...reported, file: reported.file.split('/').at(-1)! };
  });
}
