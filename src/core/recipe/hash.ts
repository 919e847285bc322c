import { digest } from '../digest.ts';
import type { Recipe } from './schema.ts';

/**
 * SHA-256 of what decides a run's numbers: the resolved recipe without its name, description, tracking, output folder
 * and the places of plugin files. Keys are sorted, so that the order of writing does not matter.
 */
export function hashRecipe(recipe: Recipe): string {
  const { name: _, description: __, plugins: ___, tracking: ____, output: _____, ...decisive } = recipe;
  return digest(decisive);
}
