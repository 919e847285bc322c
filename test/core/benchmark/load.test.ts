import { describe, expect, test } from 'vitest';
import { VALID } from '../recipe/fixture.ts';
import { BENCHMARK, loadText, problemsOf } from './fixture.ts';

function edit(from: string, to: string): string {
  expect(BENCHMARK).toContain(from);
  return BENCHMARK.replace(from, to);
}

describe('a benchmark file', () => {
  test('makes a recipe of every method on every dataset, the method winning over dataset and common settings', async () => {
    const benchmark = edit(
      'three: { recipe: recipe.yaml, set: {',
      'three: { recipe: recipe.yaml, set: { seed: 4,',
    )
      .replace('set: { evaluation:', 'set: { seed: 3, evaluation:')
      .replace('    against: supervised\n    set:', '    against: supervised\n    set:\n      seed: 5');
    const { cells } = await loadText({ benchmark });
    const found = cells.map(({ dataset, method, loaded: { recipe } }) => [
      `${dataset}/${method}`,
      recipe.seed,
      recipe.data.split.labeled,
      recipe.stages.length,
    ]);
    expect(found).toEqual([
      ['five/supervised', 3, 5, 1],
      ['five/control', 3, 5, 2],
      ['five/taught', 5, 5, 2],
      ['three/supervised', 4, 3, 1],
      ['three/control', 4, 3, 2],
      ['three/taught', 5, 3, 2],
    ]);
  });

  test('takes values from the environment, typed as the recipe wants them', async () => {
    const benchmark = edit('labeled: 3', `labeled: "\${env:LABELED}"`);
    const { cells } = await loadText({ benchmark, environment: { LABELED: '4' } });
    expect(cells.at(-1)!.loaded.recipe.data.split.labeled).toBe(4);
  });

  test('may extend another; a recipe is named relative to the file that names it', async () => {
    const { cells, settings } = await loadText({
      benchmark: 'extends: sub/base.yaml\nseeds: [9]\n',
      others: { 'sub/base.yaml': BENCHMARK, 'sub/recipe.yaml': VALID },
    });
    expect(settings.seeds).toEqual([9]);
    expect(cells[0]!.loaded.files[0]).toMatch(/sub\/recipe\.yaml$/);
  });

  test('finds the plugins of a method beside itself, not beside the recipe', async () => {
    const { cells } = await loadText({
      benchmark: edit('recipe: recipe.yaml', 'recipe: sub/recipe.yaml').replace(
        '    against: supervised\n    set:',
        '    against: supervised\n    set:\n      plugins: [./loss.ts]',
      ),
      others: { 'sub/recipe.yaml': VALID, 'loss.ts': LOSS_PLUGIN },
    });
    const taught = cells.find(({ method }) => method === 'taught')!;
    expect(taught.loaded.pluginFiles[0]).toMatch(/loss\.ts$/);
  });

  test('leaves out a method where every seed of it is excluded', async () => {
    const benchmark = `${BENCHMARK}exclude: [{ dataset: five, method: control }, { method: taught, seed: 1 }]\n`;
    const { cells } = await loadText({ benchmark });
    expect(cells.map(({ dataset, method }) => `${dataset}/${method}`)).not.toContain('five/control');
    expect(cells).toHaveLength(5);
  });
});

/** What a person writes, what they are told, and where. */
const TABLE: [
  name: string,
  benchmark: () => string,
  place: string,
  message: string | RegExp,
  fix?: string,
][] = [
  ['a misspelt key', () => edit('seeds:', 'sedes:'), 'bench.yaml:2:1', 'unknown key "sedes"', 'seeds'],
  [
    'no datasets',
    () =>
      edit(BENCHMARK.slice(BENCHMARK.indexOf('datasets'), BENCHMARK.indexOf('methods')), 'datasets: {}\n'),
    'bench.yaml:4:1',
    /fewer than 1/,
  ],
  ['a seed twice', () => edit('[1, 2]', '[1, 1]'), 'bench.yaml:2:1', /duplicate/],
  [
    'an unknown reference',
    () => edit('reference: control', 'reference: contol'),
    'bench.yaml:21:12',
    'there is no method "contol"',
    'control',
  ],
  [
    'an unknown opponent',
    () => edit('against: supervised', 'against: supervise'),
    'bench.yaml:16:14',
    'there is no method "supervise"',
    'supervised',
  ],
  [
    'a method against itself',
    () => edit('against: supervised', 'against: taught'),
    'bench.yaml:16:14',
    /against itself/,
  ],
  ['a name with a slash', () => edit('  five:', '  a/b:'), 'bench.yaml:5:3', /does not fit|do not fit/],
  [
    'an exclusion of nothing',
    () => `${BENCHMARK}exclude: [{ seed: 3 }]\n`,
    'bench.yaml:22:19',
    'there is no seed "3"',
  ],
  [
    'a recipe that is not there',
    () => edit('five: { recipe: recipe.yaml', 'five: { recipe: recip.yaml'),
    'bench.yaml:5:19',
    /there is no recipe .*recip\.yaml/,
  ],
  [
    'a mistake in a method, once for all datasets',
    () => edit('type: few-shot-dag }, steps: 2', 'type: few-shot-dog }, steps: 2'),
    'bench.yaml:20:53',
    'there is no ssl named "few-shot-dog"',
  ],
  [
    'a mistake in what a dataset sets',
    () => edit('labeled: 3', 'labled: 3'),
    'bench.yaml:6:57',
    'unknown key "labled"',
    'labeled',
  ],
  [
    'a contradiction with the recipe',
    () => edit('labeled: 3', 'unlabeled: 0'),
    'bench.yaml:20:53',
    /uses unlabeled images/,
  ],
  ['no test images', () => edit('labeled: 3', 'test: 0'), 'bench.yaml:6:3', /cannot be compared/],
];

describe('one problem, told once and in its place:', () => {
  test.each(TABLE)('%s', async (_name, benchmark, place, message, fix) => {
    const problems = await problemsOf({ benchmark: benchmark() });
    expect(problems.map((problem) => problem.message)).toHaveLength(1);
    const [{ file, line, column, message: told, suggestion }] = problems as [(typeof problems)[0]];
    expect(told).toMatch(message);
    expect(`${file}:${line}:${column}`).toBe(place);
    if (fix !== undefined) expect(suggestion).toBe(`Did you mean ${fix}?`);
  });

  test('a mistake in the recipe that the datasets share is shown there', async () => {
    const problems = await problemsOf({ recipe: VALID.replace('tiny', 'tinny') });
    expect(problems).toMatchObject([{ file: 'recipe.yaml', line: 6, column: 21 }]);
  });
});

test('mistakes of different methods are told together', async () => {
  const benchmark = edit('more, from: first', 'more, from: frist').replace(
    'few-shot-dag }',
    'few-shot-dog }',
  );
  expect(await problemsOf({ benchmark })).toHaveLength(2);
});

const LOSS_PLUGIN = `import { definePlugin, Type } from 'fsx';
export default definePlugin({
  kind: 'loss', type: 'mine', compares: 'landmarks', summary: 'for a test', options: Type.Object({}),
  create: () => ({ compares: 'landmarks', evaluate: () => { throw new Error('never'); } }),
});
`;
