import { createHash } from 'node:crypto';
import type { Recipe } from './schema.ts';

/**
 * SHA-256 of what decides a run's numbers: the resolved recipe without its name, description, tracking, output folder
 * and the places of plugin files. Keys are sorted, so that the order of writing does not matter.
 */
export function hashRecipe(recipe: Recipe): string {
  const { name: _, description: __, plugins: ___, tracking: ____, output: _____, ...decisive } = recipe;
  return digest(decisive);
}

/** SHA-256 of a value as JSON, whatever the order of its keys. */
export function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
