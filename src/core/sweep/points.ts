import { Random } from '../random.ts';
import type { Assignment } from '../recipe/overrides.ts';
import type { Place } from '../recipe/source.ts';
import { type MapNode, nodeAt, plainValue, type RecipeNode } from '../recipe/tree.ts';
import type { RandomAxis, SweepSettings } from './schema.ts';

/** What a point of a sweep sets in the recipe, each value at the place where the file says it. */
export type Point = readonly Assignment[];

/**
 * The points of a sweep in a fixed order, without the seeds: every draw with every step of the zipped groups with
 * every combination of the grid. More draws leave the order of those before them as it is.
 */
export function pointsOf(settings: SweepSettings, root: MapNode): Point[] {
  const grid = axesAt(root, ['grid']).map((axis) => axis.values.map((value) => [assign(axis, value)]));
  const groups = settings.zip.map((_, index) => together(axesAt(root, ['zip', index])));
  return [draws(settings.random, root), ...groups, ...grid]
    .reduce<Point[]>(
      (points, axis) => points.flatMap((point) => axis.map((step) => [...point, ...step])),
      [[]],
    )
    .map(widestFirst);
}

interface ListedAxis {
  readonly name: string;
  readonly keyPlace: Place;
  readonly values: readonly RecipeNode[];
}

function axesAt(root: MapNode, path: readonly (string | number)[]): ListedAxis[] {
  const node = nodeAt(root, path);
  if (node?.kind !== 'map') return [];
  return [...node.entries].map(([name, { keyPlace, value }]) => ({
    ...{ name, keyPlace },
    values: value.kind === 'list' ? value.items : [],
  }));
}

function assign({ name, keyPlace }: Pick<ListedAxis, 'name' | 'keyPlace'>, value: RecipeNode): Assignment {
  return { path: name.split('.'), value, keyPlace };
}

function together(axes: readonly ListedAxis[]): Point[] {
  return axes[0]!.values.map((_, step) => axes.map((axis) => assign(axis, axis.values[step]!)));
}

/** Each value is drawn from a stream of its own, named by the sample and the path. */
function draws({ samples, seed, axes }: SweepSettings['random'], root: MapNode): Point[] {
  if (samples === 0) return [[]];
  return Array.from({ length: samples }, (_, sample) =>
    Object.entries(axes).map(([name, axis]) => {
      const random = new Random(seed, 'sweep', sample, name);
      const path = ['random', 'axes', name];
      const { keyPlace } = (nodeAt(root, path.slice(0, -1)) as MapNode).entries.get(name)!;
      const choices = nodeAt(root, [...path, 'choice']);
      const value =
        choices?.kind === 'list'
          ? choices.items[random.integer(0, choices.items.length - 1)]!
          : { kind: 'scalar' as const, value: drawNumber(axis, random), place: keyPlace };
      return assign({ name, keyPlace }, value);
    }),
  );
}

/** Four digits: a value that a person can repeat in a recipe. */
function drawNumber({ uniform, logUniform, integer }: RandomAxis, random: Random): number {
  if (integer !== undefined) return random.integer(...integer);
  const value =
    logUniform === undefined
      ? random.uniform(...uniform!)
      : Math.exp(random.uniform(Math.log(logUniform[0]), Math.log(logUniform[1])));
  return Number(value.toPrecision(4));
}

/** A whole part of the recipe is set before anything inside of it. */
function widestFirst(point: Point): Point {
  return [...point].sort((a, b) => a.path.length - b.path.length);
}

/** The values of a point by path, for people and for the manifest. */
export function paramsOf(point: Point): Record<string, unknown> {
  return Object.fromEntries(point.map(({ path, value }) => [path.join('.'), plainValue(value)]));
}
