import type { Finding } from '../recipe/explain.ts';
import type { RecipePath } from '../recipe/tree.ts';
import type { RandomAxis, SweepSettings } from './schema.ts';

/** Paths that the sweep itself decides, and what to write instead. */
const TAKEN: Readonly<Record<string, string>> = {
  seed: 'seeds are an axis of their own: `seeds: [1, 2, 3]`',
  name: 'trials are named by what they differ in',
  output: 'trials are kept in the folder of the sweep',
  plugins: 'name all plugins under `set`',
};

interface Axis {
  readonly path: RecipePath;
  readonly name: string;
}

/** Everything in a sweep file that contradicts itself; asked only once each value alone is valid. */
export function checkSweepRules(settings: SweepSettings): Finding[] {
  const axes = axesOf(settings);
  return [
    ...axes.flatMap((axis, index) => checkAxis(axis, axes.slice(0, index))),
    ...settings.zip.flatMap(checkLengths),
    ...Object.entries(settings.random.axes).flatMap(([name, axis]) => checkRange(name, axis)),
    ...checkSamples(settings),
  ];
}

function axesOf({ grid, zip, random }: SweepSettings): Axis[] {
  const at = (values: object, ...parent: (string | number)[]) =>
    Object.keys(values).map((name): Axis => ({ name, path: [...parent, name] }));
  return [
    ...at(grid, 'grid'),
    ...zip.flatMap((group, index) => at(group, 'zip', index)),
    ...at(random.axes, 'random', 'axes'),
  ];
}

function checkAxis({ path, name }: Axis, before: readonly Axis[]): Finding[] {
  const finding = (message: string, suggestion: string): Finding[] => [
    { path, target: 'key', message, suggestion },
  ];
  const taken = TAKEN[name.split('.')[0]!];
  if (taken !== undefined) return finding(`"${name}" cannot be an axis`, taken);
  const other = before.find((axis) => axis.name === name);
  if (other === undefined) return [];
  return finding(`"${name}" is an axis twice, also under \`${other.path[0]}\``, 'Remove one of them.');
}

function checkLengths(group: SweepSettings['zip'][number], index: number): Finding[] {
  const entries = Object.entries(group);
  const [first, values] = entries[0]!;
  return entries
    .filter(([, other]) => other.length !== values.length)
    .map(
      ([name, other]): Finding => ({
        path: ['zip', index, name],
        target: 'key',
        message: `"${name}" has ${other.length} values and "${first}" has ${values.length}`,
        expected: 'as many for each path of a group',
      }),
    );
}

function checkRange(name: string, { uniform, logUniform, integer }: RandomAxis): Finding[] {
  const [kind, range] = Object.entries({ uniform, logUniform, integer }).find(([, one]) => one) ?? [];
  if (kind === undefined || range === undefined) return [];
  const path = ['random', 'axes', name, kind];
  if (range[0] >= range[1]) return [{ path, message: 'the range is empty', expected: '[low, high]' }];
  if (kind !== 'logUniform' || range[0] > 0) return [];
  return [{ path, message: 'a logarithm needs positive numbers', expected: '[low, high], low above 0' }];
}

function checkSamples({ random: { samples, axes } }: SweepSettings): Finding[] {
  const count = Object.keys(axes).length;
  if (samples > 0 === count > 0) return [];
  const message = samples > 0 ? 'there is no axis to draw' : 'nothing is drawn: `samples` is 0';
  return [{ path: ['random'], target: 'key', message, expected: 'samples: 20, and axes' }];
}
