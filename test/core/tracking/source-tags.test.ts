import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { collectSourceTags } from '../../../src/core/tracking/source-tags.ts';
import { temporaryRun } from '../../support/tracked-run.ts';

test('a run says from which commit it was made, and not the token of its repository', async () => {
  const directory = temporaryRun();
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], {
      cwd: directory,
      encoding: 'utf8',
    });
  git('init', '--quiet', '--initial-branch', 'main');
  git('remote', 'add', 'origin', 'https://ann:t0ken@example.org/chest.git');
  writeFileSync(join(directory, 'recipe.yaml'), 'name: chest\n');
  git('add', '.');
  git('commit', '--quiet', '--message', 'recipe');
  const clean = {
    'mlflow.source.git.commit': git('rev-parse', 'HEAD').trim(),
    'mlflow.source.git.branch': 'main',
    'mlflow.source.git.repoURL': 'https://example.org/chest.git',
    'mlflow.source.git.dirty': 'false',
  };
  expect(await collectSourceTags(directory)).toMatchObject(clean);
  writeFileSync(join(directory, 'recipe.yaml'), 'name: ceph\n');
  expect(await collectSourceTags(directory)).toMatchObject({ ...clean, 'mlflow.source.git.dirty': 'true' });
});

test('a folder outside every repository has no commit', async () => {
  const tags = await collectSourceTags(temporaryRun());
  expect(Object.keys(tags).filter((key) => key.includes('git'))).toEqual([]);
});
