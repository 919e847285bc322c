import { describe, expect, test } from 'vitest';
import { resolveStage } from '../../../src/core/recipe/schema.ts';
import { load, problemsOf, VALID } from './fixture.ts';

const one = (text: string) => ({ 'recipe.yaml': text });

describe('a valid recipe', () => {
  test('has every default filled in, also in the options of plugins that plugins name', async () => {
    const { recipe } = await load(one(VALID));
    expect(recipe.seed).toBe(7);
    expect(recipe.engine).toEqual({ type: 'auto' });
    expect(recipe.data.split).toEqual({
      pool: null,
      labeled: 5,
      unlabeled: 'rest',
      validation: 16,
      test: 64,
      seed: null,
    });
    expect(recipe.model.backbone).toEqual({ type: 'tiny', width: 8, channels: 16 });
    expect(recipe.stages[1]!.ssl).toMatchObject({ featureLoss: { type: 'js-divergence' } });
    expect(Object.keys(recipe.stages[1]!.ssl.featureLoss as object).length).toBeGreaterThan(1);
  });

  test('loads again from its resolved text to the same recipe and hash', async () => {
    const first = await load(one(VALID));
    const second = await load(one(first.text));
    expect(second.recipe).toEqual(first.recipe);
    expect(second.hash).toBe(first.hash);
  });

  test('keeps its hash under another name, and changes it with a learning rate', async () => {
    const { hash } = await load(one(VALID));
    const set = async (override: string) => (await load(one(VALID), { overrides: [override] })).hash;
    expect(await set('name=other')).toBe(hash);
    expect(await set('output=elsewhere')).toBe(hash);
    expect(await set('training.learningRate=0.01')).not.toBe(hash);
  });

  test('says where each value was written', async () => {
    const { origins } = await load(one(VALID), { overrides: ['seed=3'] });
    expect(origins.get('model.backbone.type')).toMatch(/recipe\.yaml:6:21$/);
    expect(origins.get('seed')).toBe('--set seed=3');
    expect(origins.has('output')).toBe(false);
  });

  test('gives a stage the settings of training where it has none of its own', async () => {
    const { recipe } = await load(one(VALID), { overrides: ['stages.1.learningRate=0.5'] });
    expect(resolveStage(recipe, 0)).toMatchObject({ learningRate: 1e-3, from: null, labeledBatch: 8 });
    expect(resolveStage(recipe, 1)).toMatchObject({ learningRate: 0.5, from: 'first', ema: { decay: 0.99 } });
    expect(() => resolveStage(recipe, 2)).toThrow(RangeError);
  });

  test('takes an engine by name or with its threads', async () => {
    const engine = async (value: string) => (await load(one(`${VALID}engine: ${value}\n`))).recipe.engine;
    expect(await engine('wasm')).toEqual({ type: 'wasm' });
    expect(await engine('{ type: native, threads: 4 }')).toEqual({ type: 'native', threads: 4 });
    expect(await engine('{ threads: 4 }')).toEqual({ type: 'auto', threads: 4 });
  });
});

describe('extends', () => {
  test('merges mappings, replaces lists, and lets the later file win', async () => {
    const { recipe, files } = await load({
      'recipe.yaml': 'extends: [base/a.yaml, base/b.yaml]\nname: top\nevaluation: { radiiMm: [1] }\n',
      'base/a.yaml': `${VALID}seed: 1\nevaluation: { overlays: 3 }\n`,
      'base/b.yaml': 'seed: 2\n',
    });
    expect(recipe).toMatchObject({ name: 'top', seed: 2, evaluation: { radiiMm: [1], overlays: 3 } });
    expect(files).toHaveLength(3);
  });

  test('drops the options of a plugin when another type takes its place, and keeps them otherwise', async () => {
    const base = VALID.replace('{ type: tiny }', '{ type: hrnet, width: 9 }').replace('[64, 64]', '[64, 96]');
    const backbone = async (text: string) =>
      (await load({ 'recipe.yaml': `extends: base.yaml\nmodel: { backbone: ${text} }\n`, 'base.yaml': base }))
        .recipe.model.backbone;
    expect(await backbone('{ type: tiny }')).toEqual({ type: 'tiny', width: 8, channels: 16 });
    expect(await backbone('{ channels: 32 }')).toMatchObject({ type: 'hrnet', width: 9, channels: 32 });
  });

  test('is refused when it goes in a circle, with the whole chain', async () => {
    const problems = await problemsOf({
      'recipe.yaml': 'extends: a.yaml\n',
      'a.yaml': 'extends: b.yaml\n',
      'b.yaml': 'name: b\nextends: a.yaml\n',
    });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ file: 'b.yaml', line: 2, column: 10 });
    expect(problems[0]!.message).toMatch(/a\.yaml -> .*b\.yaml -> .*a\.yaml$/);
  });

  test('a problem in a base is shown in the base', async () => {
    const problems = await problemsOf({
      'recipe.yaml': 'extends: base.yaml\n',
      'base.yaml': `${VALID}sed: 3\n`,
    });
    expect(problems).toMatchObject([{ file: 'base.yaml', line: 10, column: 1 }]);
  });
});

describe('the environment', () => {
  const withName = `${VALID}seed: \${env:SEED:-11}\ndescription: "on \${env:HOST}, $\${env:HOST}"\n`;

  test('fills in values, typed by the schema', async () => {
    const { recipe } = await load(one(withName), { environment: { HOST: '12', SEED: '5' } });
    expect(recipe).toMatchObject({ seed: 5, description: `on 12, \${env:HOST}` });
  });

  test('falls back to the default of the recipe', async () => {
    const { recipe } = await load(one(withName), { environment: { HOST: 'here' } });
    expect(recipe.seed).toBe(11);
  });

  test('is asked for a variable that is not set, once, at its place', async () => {
    const problems = await problemsOf(one(`${VALID}seed: \${env:NO_SUCH}\n`));
    expect(problems).toMatchObject([{ line: 10, column: 7, message: expect.stringContaining('NO_SUCH') }]);
  });

  test('keeps a secret out of the recipe, and asks for it at its place when it is not set', async () => {
    const recipe = `${VALID}tracking: { type: mlflow, tags: { cluster: "\${secret:CLUSTER}" } }\n`;
    const { text, hash } = await load(one(recipe), { environment: { CLUSTER: 'hush-hush' } });
    expect(text).toContain(`cluster: \${secret:CLUSTER}`);
    expect(text).not.toContain('hush-hush');
    const other = await load(one(recipe), { environment: { CLUSTER: 'another' } });
    expect(other.hash, 'a new password is not a new recipe').toBe(hash);
    const problems = await problemsOf(one(recipe));
    expect(problems).toMatchObject([{ line: 10, message: expect.stringContaining('CLUSTER') }]);
  });

  test('text that looks like a number stays text where the schema wants text', async () => {
    const { recipe } = await load(one(VALID), { overrides: ['name=123', 'description=true'] });
    expect(recipe).toMatchObject({ name: '123', description: 'true' });
  });
});

describe('--set', () => {
  test('types values by the schema, reaches into lists by index and by name, and sets lists', async () => {
    const { recipe } = await load(one(VALID), {
      overrides: [
        'model.backbone.width=12',
        'stages.0.steps=3',
        'stages.second.steps=4',
        'data.split.test=[a, b]',
        'data.split.pool=null',
        'augmentation.strong=[{ type: affine, rotationDegrees: 3 }]',
      ],
    });
    expect(recipe.model.backbone.width).toBe(12);
    expect(recipe.stages.map(({ steps }) => steps)).toEqual([3, 4]);
    expect(recipe.data.split).toMatchObject({ test: ['a', 'b'], pool: null });
    expect(recipe.augmentation.strong[0]).toMatchObject({ type: 'affine', rotationDegrees: 3 });
  });

  test('keeps a named part of the dataset apart from a number of images', async () => {
    const test = async (value: string) =>
      (await load(one(VALID), { overrides: [`data.split.test=${value}`] })).recipe.data.split.test;
    expect(await test('12')).toBe(12);
    expect(await test('test1')).toBe('test1');
  });

  test('changes the type of a plugin together with its options, in either order', async () => {
    const overrides = ['model.backbone.width=9', 'model.backbone.type=hrnet', 'data.image.size=[64, 64]'];
    const { recipe } = await load(one(VALID), { overrides });
    expect(recipe.model.backbone).toMatchObject({ type: 'hrnet', width: 9 });
  });

  test.each([
    ['seed', 'this is not an assignment', undefined],
    ['sead=3', 'unknown key "sead"', 'Did you mean seed?'],
    ['seed=x', '"x" does not fit here', undefined],
    ['stages.7.steps=3', 'stages has no item "7"', undefined],
    ['stages.secnd.steps=3', 'stages has no item "secnd"', 'Did you mean second?'],
  ])('%s is a problem at the override', async (override, message, suggestion) => {
    const problems = await problemsOf(one(VALID), { overrides: [override] });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ file: `--set ${override}`, message });
    expect(problems[0]!.suggestion).toBe(suggestion);
  });
});
