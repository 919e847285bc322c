import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createRegistry } from '../../../src/composition.ts';
import { formatJsonSchema } from '../../../src/core/recipe/json-schema.ts';
import { sweepJsonSchema } from '../../../src/core/sweep/json-schema.ts';
import { SWEEP } from './fixture.ts';

const FILE = 'schemas/sweep.schema.json';

async function validator() {
  return new Ajv({ allErrors: true, strict: false }).compile(JSON.parse(await readFile(FILE, 'utf8')));
}

test('the committed schema is what the program says today (else: npm run generate)', async () => {
  const current = formatJsonSchema(sweepJsonSchema(await createRegistry()));
  expect(await readFile(FILE, 'utf8')).toBe(current);
});

test('the committed schema takes every sweep of the repository', async () => {
  const validate = await validator();
  const files = (await readdir('recipes/sweeps')).filter((name) => name.endsWith('.yaml'));
  expect(files.length).toBeGreaterThan(0);
  for (const name of files) {
    validate(parse(await readFile(join('recipes/sweeps', name), 'utf8')));
    expect({ name, errors: validate.errors }).toEqual({ name, errors: null });
  }
});

describe('an editor is shown', () => {
  test.each([
    ['a misspelt key', SWEEP.replace('random', 'radnom')],
    ['a misspelt key of the recipe', SWEEP.replace('bootstrapSamples', 'bootstrapSmaples')],
    ['a misspelt way of drawing', SWEEP.replace('logUniform', 'loguniform')],
    ['a misspelt option of a launcher', `${SWEEP}launcher: { type: local, wokers: 2 }\n`],
  ])('%s', async (_name, text) => {
    expect((await validator())(parse(text))).toBe(false);
  });

  test('nothing wrong in a whole sweep', async () => {
    const validate = await validator();
    validate(parse(SWEEP));
    expect(validate.errors).toBe(null);
  });
});
