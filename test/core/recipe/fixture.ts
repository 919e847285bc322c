import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createRegistry } from '../../../src/composition.ts';
import { type LoadedRecipe, type LoadOptions, loadRecipe } from '../../../src/core/recipe/load.ts';
import {
  InvalidRecipeError,
  type ReportedProblem,
  reportProblem,
} from '../../../src/core/recipe/problems.ts';

/** A small recipe that is valid. */
export const VALID = `name: small
data:
  dataset: { type: chest-phantom }
  image: { size: [64, 64] }
model:
  backbone: { type: tiny }
stages:
  - { name: first, ssl: { type: supervised }, steps: 10 }
  - { name: second, from: first, ssl: { type: few-shot-dag }, steps: 10 }
`;

/** A folder of real files, gone at the end. */
export class RecipeFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(files: Readonly<Record<string, string>>): Promise<RecipeFolder> {
    const folder = new RecipeFolder(await mkdtemp(join(tmpdir(), 'fsx-recipe-')));
    for (const [name, text] of Object.entries(files)) await folder.write(name, text);
    return folder;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  async write(name: string, text: string): Promise<void> {
    await mkdir(dirname(this.file(name)), { recursive: true });
    await writeFile(this.file(name), text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}

type Given = Pick<LoadOptions, 'overrides' | 'environment' | 'baseDirectory'>;

export async function load(
  files: Readonly<Record<string, string>>,
  given: Given = {},
): Promise<LoadedRecipe> {
  await using folder = await RecipeFolder.create(files);
  return await loadRecipe(folder.file(Object.keys(files)[0]!), {
    createRegistry: () => createRegistry(),
    ...given,
  });
}

/** What is wrong with a recipe, files named relative to its folder. */
export async function problemsOf(
  files: Readonly<Record<string, string>>,
  given: Given = {},
): Promise<ReportedProblem[]> {
  await using folder = await RecipeFolder.create(files);
  const path = folder.file(Object.keys(files)[0]!);
  try {
    await loadRecipe(path, { createRegistry: () => createRegistry(), ...given });
    return [];
  } catch (error) {
    if (!(error instanceof InvalidRecipeError)) throw error;
    return error.problems.map((problem) => {
      const reported = reportProblem(problem);
      return { ...reported, file: reported.file.replace(`${folder.path}/`, '') };
    });
  }
}
