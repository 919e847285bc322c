import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import DataSelect from '../../../src/cli/commands/data/select.ts';
import { createRegistry } from '../../../src/composition.ts';
import { type Split, splitSamples } from '../../../src/core/data/split.ts';
import { loadRecipe } from '../../../src/core/recipe/load.ts';
import { runCommand } from '../run-command.ts';

const RECIPE = `
name: pool
data:
  dataset: { type: chest-phantom, samples: 24, size: 64 }
  split: { labeled: 4, unlabeled: rest, validation: 3, test: 6 }
  image: { size: [64, 64] }
model: { backbone: { type: tiny } }
stages: [{ name: supervised, ssl: { type: supervised }, steps: 1 }]
`;

let root: string;
let recipe: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'fsx-select-'));
  recipe = join(root, 'recipe.yaml');
  await writeFile(recipe, RECIPE);
});

afterAll(() => rm(root, { recursive: true }));

const select = (...argv: string[]) => runCommand(DataSelect, [recipe, ...argv]);

async function chosenBy(...argv: string[]): Promise<string[]> {
  const { stdout } = await select('--json', ...argv);
  return JSON.parse(stdout).split.labeled;
}

async function splitOf(file: string): Promise<Split> {
  const { recipe, registry } = await loadRecipe(file, { createRegistry: () => createRegistry() });
  const { samples } = await registry.create('dataset', recipe.data.dataset, { baseDirectory: root });
  return splitSamples(samples, recipe.data.split, recipe.seed);
}

describe('fsx data select', () => {
  it('chooses training images only, and shows what each adds', async () => {
    const { stdout, exitCode } = await select('--count', '3');
    expect(exitCode).toBe(0);
    const ids = await chosenBy('--count', '3');
    const { validation, test } = await splitOf(recipe);
    expect(ids).toHaveLength(3);
    for (const id of ids) {
      expect(stdout).toContain(id);
      expect([...validation, ...test]).not.toContain(id);
    }
    expect(stdout).toContain('3 of 15 training images, method coverage');
  });

  it('prints a part of a recipe that labels the chosen images and keeps validation and test as they were', async () => {
    const before = await splitOf(recipe);
    const { stdout } = await select('--format', 'yaml');
    const pasted = join(root, 'pasted.yaml');
    await writeFile(pasted, `extends: recipe.yaml\n${stdout}`);
    const after = await splitOf(pasted);
    expect(after.labeled).toEqual(await chosenBy());
    expect(after.test).toEqual(before.test);
    expect(after.validation).toEqual(before.validation);
    expect(after.unlabeled).toHaveLength(10);
  });

  it('leaves parts that are not drawn out of it', async () => {
    const { stdout } = await select('--format', 'yaml', '--set', 'data.split.test=0');
    expect(Object.keys(parse(stdout).data.split)).toEqual(['labeled', 'validation']);
    const ids = (await splitOf(recipe)).test;
    const named = await select('--format', 'yaml', '--set', `data.split.test=[${ids}]`);
    expect(Object.keys(parse(named.stdout).data.split)).toEqual(['labeled', 'validation']);
  });

  it('covers the pool better than a random choice, and the same way every time', async () => {
    const coverage = async (...argv: string[]) =>
      JSON.parse((await select('--json', ...argv)).stdout).chosen.at(-1).coverage;
    const best = await coverage();
    for (const seed of ['0', '1', '2']) {
      expect(await coverage('--method', 'random', '--seed', seed)).toBeLessThan(best);
    }
    expect(await chosenBy('--method', 'random', '--seed', '1')).not.toEqual(
      await chosenBy('--method', 'random', '--seed', '2'),
    );
    expect(await chosenBy()).toEqual(await chosenBy());
  });

  it('draws the chosen images side by side, three of 320 pixels a row', async () => {
    const sheet = join(root, 'sheets', 'chosen.png');
    const { stderr } = await select('--count', '6', '--sheet', sheet);
    expect(stderr).toContain(sheet);
    expect(await sharp(await readFile(sheet)).metadata()).toMatchObject({ format: 'png', width: 1016 });
  });

  it('says how many images there are when more are asked for', async () => {
    const { stderr, exitCode } = await select('--count', '16');
    expect({ stderr, exitCode }).toEqual({
      stderr: expect.stringMatching(/16 images .* has 15/),
      exitCode: 4,
    });
  });
});
