import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRunDirectory, openRunDirectory } from '../../../src/core/experiment/run-directory.ts';

const START = new Date('2026-01-31T12:00:00.789Z');
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'fsx-runs-'));
});

afterEach(() => rm(root, { recursive: true }));

test('two runs that start in the same second get folders of their own', async () => {
  const all = await Promise.all([1, 2, 3].map(() => createRunDirectory(root, 'chest', START)));
  expect(all.map(({ path }) => basename(path)).sort()).toEqual([
    '2026-01-31T12-00-00-chest',
    '2026-01-31T12-00-00-chest-2',
    '2026-01-31T12-00-00-chest-3',
  ]);
});

test('a place that cannot hold runs is named, with how to choose another', async () => {
  await writeFile(join(root, 'file'), '');
  await expect(createRunDirectory(join(root, 'file'), 'chest', START)).rejects.toMatchObject({
    code: 'FSX_RUN_DIRECTORY',
    message: expect.stringContaining(join(root, 'file')),
    suggestion: expect.stringContaining('--set output='),
  });
});

test('a folder is opened as a run only when it is one', async () => {
  await expect(openRunDirectory(join(root, 'nowhere'))).rejects.toThrow('there is no such folder');
  await expect(openRunDirectory(root)).rejects.toThrow('it has no recipe.resolved.yaml');
  await writeFile(join(root, 'recipe.resolved.yaml'), 'name: chest\n');
  expect((await openRunDirectory(root)).checkpoint('best')).toBe(
    join(root, 'checkpoints', 'best.safetensors'),
  );
});
