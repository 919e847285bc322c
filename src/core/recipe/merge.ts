import type { MapEntry, MapNode, RecipeNode } from './tree.ts';

/**
 * What a recipe says over what it extends: mappings merge key by key, everything else replaces. A mapping that names
 * another `type` replaces the whole reference: options of one plugin mean nothing to another.
 */
export function merge(base: RecipeNode, over: RecipeNode): RecipeNode {
  if (base.kind !== 'map' || over.kind !== 'map' || changesType(base, over)) return over;
  const entries = new Map<string, MapEntry>(base.entries);
  for (const [key, entry] of over.entries) {
    const known = base.entries.get(key);
    entries.set(key, known === undefined ? entry : { ...entry, value: merge(known.value, entry.value) });
  }
  return { kind: 'map', entries, place: over.place };
}

function changesType(base: MapNode, over: MapNode): boolean {
  const [before, after] = [base, over].map((map) => map.entries.get('type')?.value);
  return before?.kind === 'scalar' && after?.kind === 'scalar' && before.value !== after.value;
}
