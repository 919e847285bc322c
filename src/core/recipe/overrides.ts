import { nearestNames } from '../plugins/nearest.ts';
import { merge } from './merge.ts';
import { parseYaml } from './parse.ts';
import type { Problem } from './problems.ts';
import type { Place, Source } from './source.ts';
import { childOf, type ListNode, type MapNode, pathText, type RecipeNode, withEntry } from './tree.ts';

/** A value for a path of a recipe, and where somebody wrote it. */
export interface Assignment {
  readonly path: readonly string[];
  readonly value: RecipeNode;
  readonly keyPlace: Place;
}

export interface Overridden {
  readonly root: RecipeNode;
  readonly problems: readonly Problem[];
}

/**
 * Sets values by path: `model.backbone.width=32`, `stages.0.steps=10`. The schema decides the type of a plain value;
 * `{…}` and `[…]` are YAML. Changes of a `type` come first, whatever their order: they drop the options of the
 * plugin that was there.
 */
export function applyOverrides(root: RecipeNode, texts: readonly string[]): Overridden {
  const problems: Problem[] = [];
  const parsed = texts.map((text) => parseOverride(text, problems)).filter((one) => one !== undefined);
  const assigned = assignValues(root, parsed);
  return { root: assigned.root, problems: [...problems, ...assigned.problems] };
}

/** Sets values by path; see `applyOverrides`. */
export function assignValues(root: RecipeNode, assignments: readonly Assignment[]): Overridden {
  const problems: Problem[] = [];
  const [types, others] = [assignments.filter(setsType), assignments.filter((one) => !setsType(one))];
  const assigned = [...types, ...others].reduce((node, one) => assign(node, one, 0, problems), root);
  return { root: assigned, problems };
}

function setsType({ path }: Assignment): boolean {
  return path.at(-1) === 'type';
}

function parseOverride(text: string, problems: Problem[]): Assignment | undefined {
  const source: Source = { name: `--set ${text}`, text, kind: 'override' };
  const equals = text.indexOf('=');
  const path = text.slice(0, Math.max(equals, 0)).trim().split('.');
  if (path.some((key) => key === '')) {
    problems.push({
      message: 'this is not an assignment',
      expected: 'a.path=value, such as model.backbone.width=32',
      place: { source, start: 0, end: text.length },
    });
    return undefined;
  }
  const value = parseValue(source, equals + 1, problems);
  return value && { path, value, keyPlace: { source, start: 0, end: equals } };
}

function parseValue(source: Source, start: number, problems: Problem[]): RecipeNode | undefined {
  const text = source.text.slice(start);
  const place = { source, start, end: source.text.length };
  if (!/^\s*[[{]/.test(text)) return { kind: 'scalar', value: text, place, untyped: true };
  const parsed = parseYaml({ ...source, text });
  problems.push(...parsed.problems.map((problem) => ({ ...problem, place })));
  return parsed.root && placedAt(parsed.root, place);
}

/** A value of several parts stands as a whole at its place: offsets in it would miss the path before it. */
function placedAt(node: RecipeNode, place: Place): RecipeNode {
  if (node.kind === 'scalar') return { ...node, place };
  if (node.kind === 'list') return { ...node, place, items: node.items.map((item) => placedAt(item, place)) };
  const entries = [...node.entries].map(
    ([key, { value }]) => [key, { keyPlace: place, value: placedAt(value, place) }] as const,
  );
  return { ...node, place, entries: new Map(entries) };
}

function assign(
  node: RecipeNode | undefined,
  override: Assignment,
  depth: number,
  problems: Problem[],
): RecipeNode {
  const { path, value, keyPlace } = override;
  const key = path[depth];
  if (key === undefined) return value;
  if (node?.kind === 'list') return assignItem(node, override, depth, problems);
  const map: MapNode = node?.kind === 'map' ? node : { kind: 'map', entries: new Map(), place: keyPlace };
  const child = assign(childOf(map, key), override, depth + 1, problems);
  // Merging lets a changed type drop the other plugin's options, as in `extends`.
  if (key === 'type') return merge(map, withEntry({ ...map, entries: new Map() }, key, child, keyPlace));
  return withEntry(map, key, child, keyPlace);
}

function assignItem(list: ListNode, override: Assignment, depth: number, problems: Problem[]): RecipeNode {
  const key = override.path[depth]!;
  const index = /^\d+$/.test(key) ? Number(key) : indexByName(list, key);
  if (index === undefined || index > list.items.length) {
    problems.push({ ...explainItem(list, override.path.slice(0, depth), key), place: override.keyPlace });
    return list;
  }
  const items = [...list.items];
  items[index] = assign(items[index], override, depth + 1, problems);
  return { ...list, items };
}

/** Stages have names: `stages.pretrain.steps=10`. */
function indexByName(list: ListNode, name: string): number | undefined {
  const index = namesOf(list).indexOf(name);
  return index === -1 ? undefined : index;
}

function namesOf(list: ListNode): (string | undefined)[] {
  return list.items.map((item) => {
    const name = childOf(item, 'name');
    return name?.kind === 'scalar' ? String(name.value) : undefined;
  });
}

function explainItem(list: ListNode, path: readonly string[], key: string): Omit<Problem, 'place'> {
  const names = namesOf(list).filter((name) => name !== undefined);
  const near = nearestNames(key, names)[0];
  const last = list.items.length - 1;
  return {
    message: `${pathText(path)} has no item "${key}"`,
    expected: `an index from 0 to ${last}${names.length === 0 ? '' : `, or one of ${names.join(', ')}`}`,
    ...(near === undefined ? {} : { suggestion: `Did you mean ${near}?` }),
  };
}
