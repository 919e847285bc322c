import type { Place } from './source.ts';

/** A recipe's values, each with the place that it was written at. */
export type RecipeNode = ScalarNode | ListNode | MapNode;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  readonly place: Place;
  /** The value is text from the environment or the command line: the schema at its path decides its type. */
  readonly untyped?: true;
}

export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly RecipeNode[];
  readonly place: Place;
}

export interface MapNode {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, MapEntry>;
  readonly place: Place;
}

export interface MapEntry {
  readonly keyPlace: Place;
  readonly value: RecipeNode;
}

export type RecipePath = readonly (string | number)[];

/** `stages.0.ssl.type`, as `--set` writes it. */
export function pathText(path: RecipePath): string {
  return path.length === 0 ? 'the recipe' : path.join('.');
}

/** The values alone. */
export function plainValue(node: RecipeNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainValue);
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, plainValue(entry.value)]));
}

export function childOf(node: RecipeNode, key: string | number): RecipeNode | undefined {
  if (node.kind === 'map') return node.entries.get(String(key))?.value;
  return node.kind === 'list' ? node.items[Number(key)] : undefined;
}

export function nodeAt(root: RecipeNode, path: RecipePath): RecipeNode | undefined {
  return path.reduce<RecipeNode | undefined>((node, key) => node && childOf(node, key), root);
}

/** Where a problem of this path is shown: at its key or value, or at the nearest parent that was written. */
export function placeAt(root: RecipeNode, path: RecipePath, target: 'key' | 'value' = 'value'): Place {
  for (let length = path.length; length > 0; length--) {
    const parent = nodeAt(root, path.slice(0, length - 1));
    const key = path[length - 1]!;
    const node = parent && childOf(parent, key);
    if (parent === undefined || node === undefined) continue;
    const whole = length === path.length;
    // A mapping or list is shown by its key: its own text may run over many lines.
    const byKey = target === 'key' || !whole || node.kind !== 'scalar';
    if (byKey && parent.kind === 'map') return parent.entries.get(String(key))!.keyPlace;
    return node.place;
  }
  return { ...root.place, end: root.place.start };
}

/** The same tree with another value under a key; the key's place is kept when there was one. */
export function withEntry(map: MapNode, key: string, value: RecipeNode, keyPlace: Place): MapNode {
  const known = map.entries.get(key);
  return { ...map, entries: new Map(map.entries).set(key, { keyPlace: known?.keyPlace ?? keyPlace, value }) };
}
