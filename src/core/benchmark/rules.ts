import { nearestNames } from '../plugins/nearest.ts';
import type { Finding } from '../recipe/explain.ts';
import type { RecipePath } from '../recipe/tree.ts';
import type { BenchmarkSettings } from './schema.ts';

/** Names become parts of file names and of `--only`. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Everything in a benchmark file that contradicts itself; asked only once each value alone is valid. */
export function checkBenchmarkRules(settings: BenchmarkSettings): Finding[] {
  const methods = Object.keys(settings.methods);
  return [
    ...checkNames(settings, 'datasets'),
    ...checkNames(settings, 'methods'),
    ...requireKnown(settings.reference, methods, 'method', ['reference']),
    ...methods.flatMap((method) => checkOpponent(settings, method, methods)),
    ...settings.exclude.flatMap((_, index) => checkExclusion(settings, index)),
  ];
}

function checkNames(settings: BenchmarkSettings, key: 'datasets' | 'methods'): Finding[] {
  const wrong = Object.keys(settings[key]).filter((name) => !NAME.test(name));
  return wrong.map(
    (name): Finding => ({
      path: [key, name],
      target: 'key',
      message: `"${name}" has characters that do not fit into a file name`,
      expected: 'letters, digits, dots, hyphens and underscores',
    }),
  );
}

function checkOpponent({ methods }: BenchmarkSettings, method: string, known: readonly string[]): Finding[] {
  const { against } = methods[method]!;
  if (against === undefined) return [];
  const path = ['methods', method, 'against'];
  if (against === method) return [{ path, message: `"${method}" cannot be tested against itself` }];
  return requireKnown(against, known, 'method', path);
}

function checkExclusion({ exclude, datasets, methods, seeds }: BenchmarkSettings, index: number): Finding[] {
  const { dataset, method, seed } = exclude[index]!;
  const at = (key: string) => ['exclude', index, key];
  return [
    ...(dataset === undefined ? [] : requireKnown(dataset, Object.keys(datasets), 'dataset', at('dataset'))),
    ...(method === undefined ? [] : requireKnown(method, Object.keys(methods), 'method', at('method'))),
    ...(seed === undefined ? [] : requireKnown(String(seed), seeds.map(String), 'seed', at('seed'))),
  ];
}

function requireKnown(name: string, known: readonly string[], what: string, path: RecipePath): Finding[] {
  if (known.includes(name)) return [];
  const near = nearestNames(name, known)[0];
  return [
    {
      path,
      message: `there is no ${what} "${name}"`,
      expected: `one of ${known.join(', ')}`,
      ...(near === undefined ? {} : { suggestion: `Did you mean ${near}?` }),
    },
  ];
}
