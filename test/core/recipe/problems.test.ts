import { describe, expect, test } from 'vitest';
import { createRegistry } from '../../../src/composition.ts';
import { loadRecipe } from '../../../src/core/recipe/load.ts';
import { formatProblems, InvalidRecipeError } from '../../../src/core/recipe/problems.ts';
import { problemsOf, RecipeFolder, VALID } from './fixture.ts';

const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x, x]',
  ...'bcdefghi'.split('').map((name, index) => {
    const before = 'abcdefgh'[index];
    return `${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]`;
  }),
].join('\n');

const edit = (from: string, to: string) => {
  expect(VALID).toContain(from);
  return VALID.replace(from, to);
};

/** What a person writes, what they are told, and where. */
const TABLE: [name: string, text: string, place: string, message: string | RegExp, suggestion?: string][] = [
  ['an empty file', '', '1:1', 'the recipe is empty'],
  ['a list', '- 1\n', '1:1', 'a recipe is a mapping of keys to values'],
  ['broken YAML', 'name: [1, 2\n', '2:1', /not valid YAML/],
  ['a duplicate key', `${VALID}name: again\n`, '10:1', 'this key is given twice'],
  ['an alias bomb', bomb, '', /grows without end/],
  ['an alias in itself', 'name: &n [*n]\n', '', /grows without end/],
  ['an unknown tag', 'name: !secret x\n', '1:7', /not valid YAML/],
  ['two documents', `${VALID}---\n${VALID}`, '', /one YAML document/],
  ['a misspelt key', edit('backbone:', 'backbon:'), '6:3', 'unknown key "backbon"', 'Did you mean backbone?'],
  ['a misspelt plugin', edit('tiny', 'tinny'), '6:21', 'there is no backbone named "tinny"'],
  [
    'a misspelt option',
    edit('type: tiny', 'type: tiny, widht: 3'),
    '6:27',
    /unknown key "widht"/,
    'Did you mean width?',
  ],
  [
    'a password in an address',
    `${VALID}tracking: { type: mlflow, uri: "http://ann:s3cret@host" }\n`,
    '10:32',
    /holds a user or a password/,
  ],
  ['a bad option', edit('type: tiny', 'type: tiny, width: 0'), '6:34', /0 must be >= 1/],
  ['a plugin without type', edit('{ type: tiny }', '{}'), '6:3', /"type" is missing in model.backbone/],
  ['a plugin by name alone', edit('{ type: tiny }', 'tiny'), '6:13', '"tiny" is not a mapping'],
  [
    'a loss of the wrong kind',
    `${VALID}training: { loss: { type: js-divergence } }\n`,
    '10:27',
    /compares features, not landmarks/,
  ],
  [
    'a wrong loss inside a strategy',
    edit('few-shot-dag }', 'few-shot-dag, featureLoss: { type: dag } }'),
    '9:82',
    /compares landmarks, not features/,
  ],
  [
    'no stages',
    edit(VALID.slice(VALID.indexOf('stages')), 'stages: []\n'),
    '7:1',
    /must NOT have fewer than 1 items/,
  ],
  ['a missing section', VALID.slice(0, VALID.indexOf('stages')), '1:1', '"stages" is missing'],
  [
    'text for a number',
    edit('steps: 10 }\n  - { name: second', 'steps: many }\n  - { name: second'),
    '8:54',
    '"many" does not fit here',
  ],
  ['three sizes', edit('[64, 64]', '[64, 64, 3]'), '4:12', /./],
  ['a size that does not divide', edit('[64, 64]', '[64, 66]'), '4:23', /that 4 divides, not 66/, 'Take 68.'],
  [
    'two stages of a name',
    edit('name: second', 'name: first'),
    '9:13',
    'a stage before this one is named "first" too',
  ],
  [
    'a later stage',
    edit('from: first', 'from: second'),
    '9:27',
    'stage "second" does not run before this one',
  ],
  [
    'an unknown stage',
    edit('from: first', 'from: frist'),
    '9:27',
    'there is no stage "frist"',
    'Did you mean first?',
  ],
  [
    'no unlabeled images',
    edit('  image', '  split: { unlabeled: 0 }\n  image'),
    '10:47',
    /uses unlabeled images/,
  ],
  [
    'an image in two sets',
    edit('  image', '  split: { labeled: [a, b], test: [b] }\n  image'),
    '4:36',
    'image "b" is already used for labeled',
  ],
  [
    'best without validation',
    edit('  image', '  split: { validation: 0 }\n  image').concat('evaluation: { checkpoint: best }\n'),
    '11:27',
    /chosen on validation images/,
  ],
  [
    'published weights for a backbone that has none',
    edit('  backbone: { type: tiny }', '  backbone: { type: tiny }\n  weights: net.safetensors'),
    '7:12',
    /no published weights are known that fit the backbone "tiny"/,
  ],
  [
    'a weak view that is bent',
    `${VALID}augmentation: { weak: [{ type: elastic }] }\n`,
    '10:32',
    /only the strong view may be bent/,
    'Move it to augmentation.strong.',
  ],
  [
    'a loss of coordinates for a head of heatmaps',
    edit('{ type: tiny }', '{ type: tiny }\n  head: { type: heatmap }').replace('few-shot-dag', 'supervised'),
    '',
    'the loss "dag" learns from coordinates, and the head "heatmap" offers heatmaps',
  ],
  [
    'a loss of heatmaps for a head of coordinates, in one stage',
    edit('steps: 10 }\n  - { name: second', 'steps: 10, loss: { type: heatmap-mse } }\n  - { name: second'),
    '8:72',
    'the loss "heatmap-mse" learns from heatmaps, and the head "dag" offers coordinates',
  ],
  [
    'a loss of the uncertainty that the head was not asked for',
    `${VALID}training: { loss: { type: laplace-nll } }\n`,
    '10:27',
    'the loss "laplace-nll" learns from uncertainty, and the head "dag" offers coordinates',
  ],
  [
    'a head whose options contradict each other',
    edit('{ type: tiny }', '{ type: tiny }\n  head: { type: gat, hidden: 10 }'),
    '7:3',
    'this plugin cannot be made: 4 attention heads cannot share 10 channels',
  ],
  [
    'labels of a network that has learned nothing',
    edit('from: first, ssl: { type: few-shot-dag }', 'ssl: { type: stac }'),
    '9:34',
    /this one starts from fresh weights/,
    'Give the stage a `from`: a supervised stage before it, or a checkpoint file.',
  ],
  [
    'answers kept of images that move',
    edit('few-shot-dag', 'temporal-ensembling').concat('augmentation: { weak: [{ type: affine }] }\n'),
    '9:47',
    /moves the image each time/,
    'Set augmentation.weak to [].',
  ],
  [
    'a strategy for heatmaps and a head without',
    edit('few-shot-dag', 'label-sharpening'),
    '9:47',
    /"label-sharpening" learns from heatmaps, and the head "dag" offers coordinates/,
  ],
  [
    'a word of three',
    edit('  image', '  split: { unlabeled: resst }\n  image'),
    '4:23',
    '"resst" does not fit here',
    'Did you mean rest?',
  ],
  [
    'a merge key',
    `${VALID}<<: { seed: 3 }\n`,
    '10:1',
    'unknown key "<<"',
    'YAML 1.2 has no merge keys; use extends.',
  ],
  ['a plugin file that is not there', `${VALID}plugins: [./no.ts]\n`, '10:11', /there is no plugin file/],
  [
    'a package that is not there',
    `${VALID}plugins: [fsx-no-such]\n`,
    '10:11',
    /"fsx-no-such" is not installed/,
  ],
  ['a base that is not there', `${VALID}extends: no.yaml\n`, '10:10', /no\.yaml: there is no such file/],
  ['a bad engine', `${VALID}engine: gpu\n`, '10:9', '"gpu" does not fit here'],
  ['an unknown engine key', `${VALID}engine: { type: wasm, cores: 3 }\n`, '10:23', 'unknown key "cores"'],
  ['a tracker by name', `${VALID}tracking: mlflow\n`, '10:11', /"mlflow"/],
];

describe('one problem, told once and in its place:', () => {
  test.each(TABLE)('%s', async (_name, text, place, message, suggestion) => {
    const problems = await problemsOf({ 'recipe.yaml': text });
    expect(problems.map((problem) => problem.message)).toHaveLength(1);
    const [problem] = problems;
    expect(problem!.message).toMatch(message);
    if (place !== '') expect(`${problem!.line}:${problem!.column}`).toBe(place);
    if (suggestion !== undefined) expect(problem!.suggestion).toBe(suggestion);
  });
});

test('every problem of a recipe is told at once, in the order of its lines', async () => {
  const text = edit('tiny', 'tinny').replace('steps: 10', 'steps: 0').concat('sead: 3\nengine: gpu\n');
  await using folder = await RecipeFolder.create({ 'recipe.yaml': text });
  const path = folder.file('recipe.yaml');
  const error = await loadRecipe(path, { createRegistry: () => createRegistry() }).catch((caught) => caught);
  expect(error).toBeInstanceOf(InvalidRecipeError);
  expect(error).toMatchObject({ code: 'FSX_RECIPE_INVALID', exitCode: 3 });
  expect(error.message).toContain('has 4 problems');

  const github = formatProblems(error.problems, 'github').split('\n');
  expect(github).toHaveLength(4);
  expect(github[0]).toMatch(
    /^::error file=.*recipe\.yaml,line=6,col=21::there is no backbone named "tinny"%0A/,
  );
  const json = JSON.parse(formatProblems(error.problems, 'json'));
  expect(json.map(({ line }: { line: number }) => line)).toEqual([6, 8, 10, 11]);
  const shown = formatProblems(error.problems, 'text');
  expect(shown).toContain('recipe.yaml:10:1: unknown key "sead"');
  expect(shown).toContain('Did you mean seed?');
  expect(shown).toMatch(/> 6 \| {3}backbone: \{ type: tinny \}/);
});

test('the password of an address that is refused is not shown, in no format', async () => {
  const text = `${VALID}tracking: { type: mlflow, uri: "http://ann:s3cret@host" }\nnonsense: 1\n`;
  await using folder = await RecipeFolder.create({ 'recipe.yaml': text });
  const overrides = ['tracking.experiment=http://ann:s3cret@other'];
  const error = await loadRecipe(folder.file('recipe.yaml'), { createRegistry, overrides }).catch((e) => e);
  expect(error).toBeInstanceOf(InvalidRecipeError);
  const { problems } = error as InvalidRecipeError;
  for (const format of ['text', 'json', 'github'] as const)
    expect(formatProblems(problems, format)).not.toContain('s3cret');
  expect((error as Error).message).not.toContain('s3cret');
});
