import { stat } from 'node:fs/promises';
import type { Finding } from './explain.ts';
import { type LoadedRecipe, type LoadOptions, loadRecipe } from './load.ts';
import { locate } from './locate.ts';
import { InvalidRecipeError, type Problem, withoutRepetition } from './problems.ts';
import { besideOf, withPluginPaths } from './read.ts';
import { type MapNode, nodeAt } from './tree.ts';

/** Makes recipes for a file that names and changes them, and gathers all that is wrong with them. */
export class RecipeMaker {
  readonly #root: MapNode;
  readonly #problems: Problem[] = [];

  /** @param root the file's. */
  constructor(root: MapNode) {
    this.#root = root;
  }

  /** The recipe that a field names, relative to the file that the field stands in; undefined where there is none. */
  async recipeFile(path: readonly string[], name: string): Promise<string | undefined> {
    const file = besideOf(nodeAt(this.#root, path)!.place.source.name, name);
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile()) return file;
    this.add([{ path, message: `there is no recipe ${file}` }]);
    return undefined;
  }

  /** What is `set` at a place of the file, to be laid over a recipe. */
  layer(path: readonly string[]): MapNode[] {
    const node = nodeAt(this.#root, [...path, 'set']);
    return node?.kind === 'map' ? [withPluginPaths(node)] : [];
  }

  /** A recipe, checked; undefined where something is wrong with it. */
  async make(recipe: string, options: LoadOptions): Promise<LoadedRecipe | undefined> {
    try {
      return await loadRecipe(recipe, options);
    } catch (error) {
      if (!(error instanceof InvalidRecipeError)) throw error;
      this.#problems.push(...error.problems);
      return undefined;
    }
  }

  /** Problems at places of the file itself. */
  add(findings: readonly Finding[]): void {
    this.#problems.push(...locate(findings, this.#root, []));
  }

  /** Every problem so far, each once. */
  get problems(): readonly Problem[] {
    return withoutRepetition(this.#problems);
  }
}
