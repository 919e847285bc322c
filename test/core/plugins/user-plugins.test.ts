import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createRegistry } from '../../../src/composition.ts';
import { openEngine } from '../../../src/core/engine/open.ts';
import { ParameterLayout, ParameterScope } from '../../../src/core/nn/parameters.ts';
import { loadRecipe } from '../../../src/core/recipe/load.ts';
import { definePlugin, tf } from '../../../src/index.ts';
import { RecipeFolder, VALID } from '../recipe/fixture.ts';

const LOSS = `
import { definePlugin, l1Distance, type LandmarkLoss, Type, tf, weightedMean } from 'fsx';
import { half } from './factors';

const options = Type.Object(
  { scale: Type.Number({ description: 'multiplies the loss', default: 1, minimum: 0 }) },
  { additionalProperties: false },
);

export default definePlugin({
  kind: 'loss',
  type: 'half-l1',
  compares: 'landmarks',
  summary: 'half the L1 distance',
  options,
  create: ({ scale }): LandmarkLoss => ({
    compares: 'landmarks',
    evaluate: ({ landmarks }, targets, weight) => {
      const local = weightedMean(l1Distance(landmarks, targets), weight);
      return { total: tf.mul(local, half * scale), parts: { local } };
    },
  }),
});
`;

const BACKBONE = `
import { type Backbone, convolution, definePlugin, Type, tf } from 'fsx';

export const api = { definePlugin, tf };
export const patches = definePlugin({
  kind: 'backbone',
  type: 'patches',
  summary: 'one convolution on patches',
  options: Type.Object(
    { channels: Type.Integer({ description: 'channels', default: 4, minimum: 1 }) },
    { additionalProperties: false },
  ),
  create: ({ channels }, { scope, inputChannels }): Backbone => ({
    stride: 8,
    divisor: 8,
    channels,
    forward: convolution(scope.child('patch'), { from: inputChannels, to: channels, kernel: 8, stride: 8 }),
  }),
});
`;

const FILES = {
  'recipe.yaml': VALID.replace('{ type: tiny }', '{ type: patches, channels: 6 }').concat(
    'plugins: [./plugins/half.ts, ./plugins/patches.ts]\n',
    'training: { loss: { type: half-l1, scale: 3 } }\n',
  ),
  'plugins/half.ts': LOSS,
  'plugins/factors.ts': 'export const half: number = 0.5;\n',
  'plugins/patches.ts': BACKBONE,
};

test('a loss and a backbone in TypeScript work without a build step', async () => {
  await using folder = await RecipeFolder.create(FILES);
  const { recipe, registry, pluginFiles } = await loadRecipe(folder.file('recipe.yaml'), {
    createRegistry: () => createRegistry(),
  });
  expect(pluginFiles).toEqual([folder.file('plugins/half.ts'), folder.file('plugins/patches.ts')]);
  expect(recipe.training.loss).toEqual({ type: 'half-l1', scale: 3 });

  const layout = new ParameterLayout();
  const context = { scope: new ParameterScope(layout), inputChannels: 1 };
  expect(registry.create('backbone', recipe.model.backbone, context).channels).toBe(6);
  expect(layout.parameters.map(({ name }) => name)).toContain('patch.kernel');

  await openEngine({ type: 'wasm' });
  const loss = registry.create('loss', recipe.training.loss, {});
  if (loss.compares !== 'landmarks') throw new Error('wrong loss');
  const [landmarks, targets] = [tf.ones([1, 2, 2]), tf.zeros([1, 2, 2])] as [tf.Tensor3D, tf.Tensor3D];
  const output = { landmarks, trajectory: [], features: tf.zeros([1, 1, 1, 1]) as tf.Tensor4D };
  const { total } = loss.evaluate(output, targets, tf.ones([1, 2]));
  expect(total.dataSync()[0]).toBeCloseTo(0.5 * 3 * 2);
});

test('the resolved recipe finds its plugins from another folder', async () => {
  await using folder = await RecipeFolder.create(FILES);
  const load = (name: string) => loadRecipe(folder.file(name), { createRegistry: () => createRegistry() });
  const first = await load('recipe.yaml');
  await folder.write('runs/one/recipe.resolved.yaml', first.text);
  expect((await load('runs/one/recipe.resolved.yaml')).recipe).toEqual(first.recipe);
});

test('a plugin file of a base is found beside the base', async () => {
  await using folder = await RecipeFolder.create({
    ...Object.fromEntries(Object.entries(FILES).map(([name, text]) => [`base/${name}`, text])),
    'top.yaml': 'extends: base/recipe.yaml\nname: top\n',
  });
  const { recipe } = await loadRecipe(folder.file('top.yaml'), { createRegistry: () => createRegistry() });
  expect(recipe.plugins).toEqual([
    folder.file('base/plugins/half.ts'),
    folder.file('base/plugins/patches.ts'),
  ]);
});

test('an npm package that is installed beside the recipe is a plugin too', async () => {
  await using folder = await RecipeFolder.create({
    'recipe.yaml': FILES['recipe.yaml'].replace(/plugins: .*/, 'plugins: [half-loss, ./plugins/patches.ts]'),
    'plugins/patches.ts': BACKBONE,
    'node_modules/half-loss/package.json': '{ "name": "half-loss", "version": "1.0.0", "main": "index.ts" }',
    'node_modules/half-loss/index.ts': LOSS,
    'node_modules/half-loss/factors.ts': "import { value } from 'number-half';\nexport const half = value;\n",
    'node_modules/number-half/package.json':
      '{ "name": "number-half", "type": "module", "main": "index.js" }',
    'node_modules/number-half/index.js': 'export const value = 0.5;\n',
  });
  const { recipe } = await loadRecipe(folder.file('recipe.yaml'), { createRegistry: () => createRegistry() });
  expect(recipe.training.loss.type).toBe('half-l1');
});

test('`fsx` is the very program that runs: its definePlugin and its tensors', async () => {
  await using folder = await RecipeFolder.create({
    'probe.ts': `${BACKBONE}\n(globalThis as Record<string, unknown>)['probed'] = api;\n`,
  });
  await createRegistry([folder.file('probe.ts')]);
  const { probed } = globalThis as unknown as { probed: { definePlugin: unknown; tf: unknown } };
  expect(probed.definePlugin).toBe(definePlugin);
  expect(probed.tf).toBe(tf);
});

describe('a plugin file that cannot be used says what is wrong:', () => {
  test.each([
    ['broken syntax', 'const = 3;\n', 'FSX_PLUGIN_SYNTAX', /plugin\.ts:1:7: /],
    ['an import of nothing', "import { x } from './nothing.ts';\nx();\n", 'FSX_PLUGIN_SYNTAX', /nothing\.ts/],
    [
      'a package that is missing',
      "import x from 'no-such-package';\nx();\n",
      'FSX_PLUGIN_SYNTAX',
      /no-such-package/,
    ],
    ['a name that fsx lacks', "import { nope } from 'fsx';\nnope();\n", 'FSX_PLUGIN_SYNTAX', /nope/],
    ['no plugin', 'export const a = 3;\n', 'FSX_PLUGIN_EMPTY', /exports no plugin/],
    ['an error while loading', "throw new Error('too early');\n", 'FSX_PLUGIN_LOAD', /too early/],
    [
      'a taken name',
      BACKBONE.replace("'patches'", "'tiny'"),
      'FSX_PLUGIN_TAKEN',
      /"tiny" is already registered/,
    ],
  ])('%s', async (_name, text, code, message) => {
    await using folder = await RecipeFolder.create({ 'plugin.ts': text });
    const error = await createRegistry([folder.file('plugin.ts')]).catch((caught) => caught);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

test('an error inside a plugin names the line of its TypeScript', async () => {
  const text = BACKBONE.replace('stride: 8,', "get stride(): number { throw new Error('here'); },");
  await using folder = await RecipeFolder.create({ 'plugin.ts': text });
  const registry = await createRegistry([folder.file('plugin.ts')]);
  const context = { scope: new ParameterScope(new ParameterLayout()), inputChannels: 1 };
  const backbone = registry.create('backbone', { type: 'patches' }, context);
  const line = text.slice(0, text.indexOf('get stride')).split('\n').length;
  let stack = '';
  try {
    backbone.stride;
  } catch (error) {
    stack = (error as Error).stack ?? '';
  }
  expect(stack).toContain(`${folder.file('plugin.ts')}:${line}`);
  expect(existsSync(`${folder.file('plugin.ts')}.mjs`)).toBe(false);
});
