import { describe, expect, test } from 'vitest';
import { createRegistry } from '../../../src/composition.ts';
import { loadBenchmark } from '../../../src/core/benchmark/load.ts';
import { planTrials, type Trial, totalSteps } from '../../../src/core/benchmark/plan.ts';
import { RecipeFolder, VALID } from '../recipe/fixture.ts';
import { BENCHMARK, loadText } from './fixture.ts';

async function planOf(benchmark = BENCHMARK, recipe = VALID): Promise<Trial[]> {
  return planTrials(await loadText({ benchmark, recipe }), 'wasm');
}

function edit(from: string, to: string): string {
  expect(BENCHMARK).toContain(from);
  return BENCHMARK.replace(from, to);
}

/** Who starts from whom, of the first seed on the first dataset. */
async function sharing(benchmark: string, recipe?: string): Promise<Record<string, string | null>> {
  const own = (await planOf(benchmark, recipe)).filter(
    ({ seed, dataset }) => seed === 1 && dataset === 'five',
  );
  const name = (id: string) => id.split('/')[1]!.replace(/-[0-9a-f]{6}$/, '');
  return Object.fromEntries(
    own.map(({ id, startsFrom }) => [name(id), startsFrom === null ? null : name(startsFrom)]),
  );
}

describe('the plan', () => {
  test('runs every method of a seed before the next seed', async () => {
    expect((await planOf()).map(({ id }) => id)).toEqual(
      [1, 2].flatMap((seed) =>
        ['five', 'three'].flatMap((dataset) =>
          ['supervised', 'control', 'taught'].map((method) => `${dataset}/${method}/${seed}`),
        ),
      ),
    );
  });

  test('gives each trial its seed, one engine, and all of its stages', async () => {
    const trial = (await planOf()).find(({ id }) => id === 'three/taught/2')!;
    expect(trial.recipe).toMatchObject({ name: 'three.taught.2', seed: 2, engine: { type: 'wasm' } });
    expect(trial.recipe.tracking).toEqual({ type: 'mlflow', experiment: 'small' });
    expect(totalSteps(trial.recipe)).toBe(12);
  });

  test('keeps an engine that the recipe names, with its threads', async () => {
    const [trial] = await planOf(BENCHMARK, `${VALID}engine: { type: native, threads: 3 }\n`);
    expect(trial!.recipe.engine).toEqual({ type: 'native', threads: 3 });
  });

  test('leaves excluded combinations out', async () => {
    const plan = await planOf(
      `${BENCHMARK}exclude: [{ method: control, seed: 2 }, { dataset: three, seed: 1 }]\n`,
    );
    const ids = ['five/supervised/1', 'five/control/1', 'five/taught/1'];
    const second = ['five', 'three'].flatMap((name) => [`${name}/supervised/2`, `${name}/taught/2`]);
    expect(plan.map(({ id }) => id)).toEqual([...ids, ...second]);
  });
});

describe('a first stage', () => {
  test('is trained by the method that has no other, and the others start from it', async () => {
    expect(await sharing(BENCHMARK)).toEqual({
      supervised: null,
      control: 'supervised',
      taught: 'supervised',
    });
  });

  test('is trained by itself where no method ends with it', async () => {
    const expected = { 'shared:first': null, control: 'shared:first', taught: 'shared:first' };
    const benchmark = `${BENCHMARK}exclude: [{ method: supervised }]\n`;
    expect(await sharing(benchmark)).toEqual(expected);
    const stem = (await planOf(benchmark))[0]!;
    expect(stem).toMatchObject({ method: null, recipe: { stages: [{ name: 'first' }] } });
  });

  test('is not shared by a single method', async () => {
    const alone = `${BENCHMARK}exclude: [{ method: supervised }, { method: control }]\n`;
    expect(await sharing(alone)).toEqual({ taught: null });
  });

  test.each([
    [
      'other steps',
      'ssl: { type: few-shot-dag }, steps: 2 }',
      'ssl: { type: few-shot-dag }, steps: 3 }',
      'supervised',
    ],
    [
      'another number of steps in it',
      'steps: 10 }\n        - { name: second',
      'steps: 11 }\n        - { name: second',
      null,
    ],
    [
      'another name, which its batches are drawn by',
      'first, ssl: { type: supervised }, steps: 10 }\n        - { name: second, from: first',
      'start, ssl: { type: supervised }, steps: 10 }\n        - { name: second, from: start',
      null,
    ],
    [
      'another learning rate',
      'against: supervised\n    set:',
      'against: supervised\n    set:\n      training: { learningRate: 0.01 }',
      null,
    ],
    [
      'another model',
      'against: supervised\n    set:',
      'against: supervised\n    set:\n      model: { backbone: { width: 4 } }',
      null,
    ],
    [
      'other augmentation',
      'against: supervised\n    set:',
      'against: supervised\n    set:\n      augmentation: { strong: [{ type: noise }] }',
      null,
    ],
    [
      'other data',
      'against: supervised\n    set:',
      'against: supervised\n    set:\n      data: { split: { labeled: 9 } }',
      null,
    ],
    [
      'another engine',
      'against: supervised\n    set:',
      'against: supervised\n    set:\n      engine: native',
      null,
    ],
    [
      'another evaluation',
      'against: supervised\n    set:',
      'against: supervised\n    set:\n      evaluation: { radiiMm: [1] }',
      'supervised',
    ],
    [
      'the best weights, which may lie in it',
      'against: supervised\n    set:',
      'against: supervised\n    set:\n      evaluation: { checkpoint: best }',
      null,
    ],
  ])('of a method with %s', async (_name, from, to, startsFrom) => {
    expect(await sharing(edit(from, to))).toMatchObject({ control: 'supervised', taught: startsFrom });
  });
});

describe('the hash of a trial', () => {
  test('stays when another method comes to share its stage, and changes with its own settings', async () => {
    const hashes = async (benchmark: string) =>
      new Map((await planOf(benchmark)).map(({ id, hash }) => [id, hash]));
    const [all, alone, changed] = await Promise.all([
      hashes(BENCHMARK),
      hashes(`${BENCHMARK}exclude: [{ method: supervised }, { method: control }]\n`),
      hashes(edit('steps: 2 }', 'steps: 3 }')),
    ]);
    expect(alone.get('five/taught/1')).toBe(all.get('five/taught/1'));
    expect(changed.get('five/taught/1')).not.toBe(all.get('five/taught/1'));
    expect(changed.get('five/control/1')).toBe(all.get('five/control/1'));
  });

  test('changes with what a plugin, or a file that it imports, says', async () => {
    await using folder = await RecipeFolder.create({
      'bench.yaml': BENCHMARK,
      'recipe.yaml': `${VALID}plugins: [./loss.ts]\n`,
      'loss.ts':
        "import { definePlugin, Type } from 'fsx';\nimport { name } from './name.ts';\nexport default definePlugin({ kind: 'loss', type: name, compares: 'landmarks', summary: 'x', options: Type.Object({}), create: () => ({}) });\n",
      'name.ts': "export const name = 'mine';\n",
    });
    const hash = async () => {
      const options = { createRegistry: () => createRegistry(), environment: {} };
      const [trial] = await planTrials(await loadBenchmark(folder.file('bench.yaml'), options), 'wasm');
      return trial!;
    };
    const before = await hash();
    expect((await hash()).hash).toBe(before.hash);
    await folder.write('name.ts', "export const name = 'mine'; // changed\n");
    const after = await hash();
    expect(after.hash).not.toBe(before.hash);
    expect(after.firstStageHash).not.toBe(before.firstStageHash);
  });
});
