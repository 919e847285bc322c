import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Recipe } from '../../../src/core/recipe/schema.ts';
import { SweepManifest } from '../../../src/core/sweep/manifest.ts';
import { planTrials } from '../../../src/core/sweep/plan.ts';
import { RecipeFolder } from '../recipe/fixture.ts';
import { loadText } from './fixture.ts';

const SMALL = 'name: small\nrecipe: recipe.yaml\nseeds: [1, 2]\ngrid: { training.clipNorm: [1, 2] }\n';

async function update(folder: RecipeFolder, text = SMALL): Promise<SweepManifest> {
  const sweep = await loadText(text);
  return SweepManifest.update(folder.path, sweep, await planTrials(sweep));
}

test('trials are numbered with all points of a seed before the next seed', async () => {
  await using folder = await RecipeFolder.create({});
  const { trials } = await update(folder);
  expect(trials.map(({ name, seed }) => [name, seed])).toEqual([
    ['001.clipNorm-1.seed-1', 1],
    ['002.clipNorm-2.seed-1', 1],
    ['003.clipNorm-1.seed-2', 2],
    ['004.clipNorm-2.seed-2', 2],
  ]);
});

test('a trial can be run from its recipe on the disk, the file of the sweep gone', async () => {
  await using folder = await RecipeFolder.create({});
  const manifest = await update(folder);
  const recipe = parse(await readFile(manifest.recipeFile(manifest.trial(4)), 'utf8')) as Recipe;
  expect(recipe).toMatchObject({
    name: '004.clipNorm-2.seed-2',
    seed: 2,
    training: { clipNorm: 2 },
    tracking: { type: 'mlflow', experiment: 'small' },
  });
});

test('values and seeds that are added become further trials; those before keep number, name and state', async () => {
  await using folder = await RecipeFolder.create({});
  const before = await update(folder);
  await before.record(2, { status: 'failed', error: 'broken' });
  const after = await update(
    folder,
    SMALL.replace('seeds: [1, 2]', 'seeds: [1, 2, 3]').replace('[1, 2] }', '[4, 1, 2] }'),
  );
  expect(after.id).toBe(before.id);
  expect(after.trials.slice(0, 4)).toEqual(before.trials);
  expect(after.trials.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const added = after.trials.slice(4).map(({ params, seed }) => [params['training.clipNorm'], seed]);
  expect(added).toEqual([
    [4, 1],
    [4, 2],
    [4, 3],
    [1, 3],
    [2, 3],
  ]);
});

test('a file that asks for other trials than the folder has is refused, and changes nothing', async () => {
  await using folder = await RecipeFolder.create({});
  const before = await update(folder);
  await expect(update(folder, SMALL.replace('[1, 2] }', '[1] }'))).rejects.toMatchObject({
    code: 'FSX_SWEEP_CHANGED',
    message: expect.stringContaining('002.clipNorm-2.seed-1'),
  });
  await expect(update(folder, SMALL.replace('name: small', 'name: other'))).rejects.toMatchObject({
    code: 'FSX_SWEEP_FOLDER',
  });
  expect((await SweepManifest.open(folder.path)).trials).toEqual(before.trials);
});

test('what was recorded is on the disk once it is said to be, and is read back', async () => {
  await using folder = await RecipeFolder.create({});
  const manifest = await update(folder);
  await Promise.all(
    manifest.trials.map(({ number }) =>
      manifest.record(number, { status: 'running', handle: `h:${number}` }),
    ),
  );
  const found = await SweepManifest.open(folder.path);
  expect(found.trials).toEqual(manifest.trials);
  expect(found.trials.map(({ handle }) => handle)).toEqual(['h:1', 'h:2', 'h:3', 'h:4']);
});

test('a manifest that is cut off is refused, never taken for an empty sweep', async () => {
  await using folder = await RecipeFolder.create({});
  await update(folder);
  const file = join(folder.path, 'manifest.json');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.slice(0, text.length / 2));
  await expect(SweepManifest.open(folder.path)).rejects.toMatchObject({ code: 'FSX_SWEEP_MANIFEST' });
  await expect(update(folder)).rejects.toMatchObject({ code: 'FSX_SWEEP_MANIFEST' });
});

test('a folder without a sweep is named in the error', async () => {
  await using folder = await RecipeFolder.create({});
  await expect(SweepManifest.open(folder.path)).rejects.toMatchObject({ code: 'FSX_SWEEP_UNKNOWN' });
});

test('points that make the same recipe are trained once', async () => {
  await using folder = await RecipeFolder.create({});
  const { trials } = await update(folder, SMALL.replace('[1, 2] }', '[1, 1.0] }'));
  expect(trials).toHaveLength(2);
});
