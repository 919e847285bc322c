import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createRegistry } from '../../../src/composition.ts';
import { formatJsonSchema, recipeJsonSchema } from '../../../src/core/recipe/json-schema.ts';
import { VALID } from './fixture.ts';

const FILE = 'schemas/recipe.schema.json';

async function validator() {
  return new Ajv({ allErrors: true, strict: false }).compile(JSON.parse(await readFile(FILE, 'utf8')));
}

test('the committed schema is what the plugins say today (else: fsx schema --output schemas/recipe.schema.json)', async () => {
  const current = formatJsonSchema(recipeJsonSchema(await createRegistry()));
  expect(await readFile(FILE, 'utf8')).toBe(current);
});

test('the committed schema takes every recipe of the repository', async () => {
  const validate = await validator();
  const files = (await readdir('recipes', { recursive: true })).filter(
    (name) => name.endsWith('.yaml') && !/^(benchmarks|sweeps)\b/.test(name),
  );
  expect(files.length).toBeGreaterThan(0);
  for (const name of files) {
    validate(parse(await readFile(join('recipes', name), 'utf8')));
    expect({ name, errors: validate.errors }).toEqual({ name, errors: null });
  }
});

describe('an editor is shown', () => {
  test.each([
    ['a misspelt key', VALID.replace('backbone', 'backbon')],
    ['a misspelt option of a built-in plugin', VALID.replace('tiny', 'tiny, widht: 3')],
    ['a value out of range', VALID.replace('tiny', 'tiny, width: 0')],
    ['a bad engine', `${VALID}engine: gpu\n`],
  ])('%s', async (_name, text) => {
    expect((await validator())(parse(text))).toBe(false);
  });

  test.each([
    ['a whole recipe', VALID],
    ['a recipe that only changes another', 'extends: base.yaml\nmodel: { backbone: { width: 3 } }\n'],
    ['a plugin of a user', VALID.replace('{ type: tiny }', '{ type: my-net, depth: 3 }')],
  ])('nothing wrong in %s', async (_name, text) => {
    expect((await validator())(parse(text))).toBe(true);
  });
});
