import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createRegistry } from '../../../src/composition.ts';
import { benchmarkJsonSchema } from '../../../src/core/benchmark/json-schema.ts';
import { formatJsonSchema } from '../../../src/core/recipe/json-schema.ts';
import { BENCHMARK } from './fixture.ts';

const FILE = 'schemas/benchmark.schema.json';

async function validator() {
  return new Ajv({ allErrors: true, strict: false }).compile(JSON.parse(await readFile(FILE, 'utf8')));
}

test('the committed schema is what the program says today (else: npm run generate)', async () => {
  const current = formatJsonSchema(benchmarkJsonSchema(await createRegistry()));
  expect(await readFile(FILE, 'utf8')).toBe(current);
});

test('the committed schema takes every benchmark of the repository', async () => {
  const validate = await validator();
  const files = (await readdir('recipes/benchmarks')).filter((name) => name.endsWith('.yaml'));
  expect(files.length).toBeGreaterThan(0);
  for (const name of files) {
    validate(parse(await readFile(join('recipes/benchmarks', name), 'utf8')));
    expect({ name, errors: validate.errors }).toEqual({ name, errors: null });
  }
});

describe('an editor is shown', () => {
  test.each([
    ['a misspelt key', BENCHMARK.replace('seeds', 'sedes')],
    ['a misspelt key of a method', BENCHMARK.replace('against', 'agains')],
    ['a misspelt key of a recipe inside a method', BENCHMARK.replace('set: { stages', 'set: { stagse')],
    [
      'a recipe that extends inside a method',
      BENCHMARK.replace('set: { stages', 'set: { extends: x.yaml, stages'),
    ],
    [
      'a misspelt option of a plugin',
      BENCHMARK.replace('type: few-shot-dag', 'type: few-shot-dag, jsWeigth: 1'),
    ],
  ])('%s', async (_name, text) => {
    expect((await validator())(parse(text))).toBe(false);
  });

  test('nothing wrong in a whole benchmark', async () => {
    const validate = await validator();
    validate(parse(BENCHMARK));
    expect(validate.errors).toBe(null);
  });
});
