import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import RecipeShow from '../../src/cli/commands/recipe/show.ts';
import Schema from '../../src/cli/commands/schema.ts';
import Validate from '../../src/cli/commands/validate.ts';
import { RecipeFolder, VALID } from '../core/recipe/fixture.ts';
import { runCommand } from './run-command.ts';

let folder: RecipeFolder;

beforeAll(async () => {
  folder = await RecipeFolder.create({
    'good.yaml': VALID,
    'bad.yaml': VALID.replace('tiny', 'tinny').concat('sead: 3\n'),
    'odd.schema.json': '{}',
  });
});

afterAll(() => folder[Symbol.asyncDispose]());

describe('fsx validate', () => {
  it('says that a recipe is valid', async () => {
    const { stdout, exitCode } = await runCommand(Validate, [folder.file('good.yaml')]);
    expect(stdout).toContain('good.yaml: valid');
    expect(exitCode).toBe(0);
  });

  it('tells every problem of every recipe and exits with 3', async () => {
    const { stdout, exitCode } = await runCommand(Validate, [
      folder.file('good.yaml'),
      folder.file('bad.yaml'),
    ]);
    expect(stdout).toContain('bad.yaml:6:21: there is no backbone named "tinny"');
    expect(stdout).toContain('bad.yaml:10:1: unknown key "sead"');
    expect(exitCode).toBe(3);
  });

  it('gives JSON and GitHub annotations', async () => {
    const json = await runCommand(Validate, [folder.file('bad.yaml'), '--format', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject([
      { line: 6, column: 21 },
      { line: 10, column: 1 },
    ]);
    const github = await runCommand(Validate, [folder.file('bad.yaml'), '--format', 'github']);
    expect(github.stdout).toMatch(/^::error file=.*bad\.yaml,line=6,col=21::/);
    const none = await runCommand(Validate, [folder.file('good.yaml'), '--format', 'json']);
    expect(JSON.parse(none.stdout)).toEqual([]);
  });

  it('checks overrides too', async () => {
    const argv = [folder.file('good.yaml'), '--set', 'data.image.size=[64, 66]'];
    const { stdout, exitCode } = await runCommand(Validate, argv);
    expect(stdout).toContain('--set data.image.size=[64, 66]: the backbone "tiny" needs an image width');
    expect(exitCode).toBe(3);
  });
});

describe('fsx recipe show', () => {
  it('shows what was written, or everything, with where it comes from', async () => {
    const path = folder.file('good.yaml');
    const written = await runCommand(RecipeShow, [path]);
    expect(written.stdout).not.toContain('bootstrapSamples');
    const all = await runCommand(RecipeShow, [path, '--resolved', '--origin', '--set', 'seed=3']);
    expect(all.stdout).toContain('bootstrapSamples: 1000 # default');
    expect(all.stdout).toContain('seed: 3 # --set seed=3');
    expect(all.stdout).toMatch(/steps: 10 # .*good\.yaml:8:54/);
  });
});

describe('fsx schema', () => {
  it('writes the schema, and fails when a file differs from it', async () => {
    const path = folder.file('recipe.schema.json');
    await runCommand(Schema, ['--output', path]);
    expect(JSON.parse(await readFile(path, 'utf8'))).toHaveProperty(['definitions', 'backbone.hrnet']);
    expect((await runCommand(Schema, ['--check', '--output', path])).exitCode).toBe(0);
    const stale = await runCommand(Schema, ['--check', '--output', folder.file('odd.schema.json')]);
    expect(stale.exitCode).toBe(3);
    expect(stale.stderr).toContain('FSX_SCHEMA_STALE');
  });
});
