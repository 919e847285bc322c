import { describe, expect, test } from 'vitest';
import { loadText, problemsOf, SWEEP } from './fixture.ts';

function edit(from: string, to: string): string {
  expect(SWEEP).toContain(from);
  return SWEEP.replace(from, to);
}

const RANDOM = SWEEP.slice(SWEEP.indexOf('random:'));

describe('the points of a sweep', () => {
  test('are every draw with every step of a zipped group with every combination of the grid', async () => {
    const { points } = await loadText();
    expect(points).toHaveLength(2 * 2 * 2);
    const set = points.map(({ loaded: { recipe } }) => [
      recipe.training.labeledBatch,
      recipe.data.split.labeled,
      recipe.training.clipNorm,
    ]);
    const combinations = [
      [4, 3, 1],
      [4, 3, 2],
      [8, 5, 1],
      [8, 5, 2],
    ];
    expect(set).toEqual([...combinations, ...combinations]);
  });

  test('draw values inside their ranges, whole ones for integers, and set them in the recipe', async () => {
    const { points } = await loadText(edit('samples: 2', 'samples: 50'));
    for (const { params, loaded } of points) {
      const { training, stages } = loaded.recipe;
      expect(training.learningRate).toBe(params['training.learningRate']);
      expect(training.learningRate).toBeGreaterThanOrEqual(0.0001);
      expect(training.learningRate).toBeLessThanOrEqual(0.01);
      expect([5, 6, 7, 8, 9]).toContain(stages[0]!.steps);
    }
    const rates = new Set(points.map(({ params }) => params['training.learningRate'] as number));
    expect(rates.size).toBe(50);
    // half of a log-uniform draw over two decades is below the geometric middle; 6 standard deviations either way
    const low = [...rates].filter((rate) => rate < 0.001).length;
    expect(Math.abs(low - 25)).toBeLessThan(6 * Math.sqrt(50 / 4));
  });

  test('keep their draws when more samples are asked for, and change with the seed', async () => {
    const paramsOf = async (text: string) => (await loadText(text)).points.map(({ params }) => params);
    const two = await paramsOf(SWEEP);
    expect((await paramsOf(edit('samples: 2', 'samples: 3'))).slice(0, two.length)).toEqual(two);
    expect(await paramsOf(edit('samples: 2', 'samples: 2\n  seed: 1'))).not.toEqual(two);
  });

  test('may choose among plugins, and set options inside of a plugin that another axis names', async () => {
    const { points } = await loadText(
      edit(RANDOM, 'random: { samples: 8, axes: { model.backbone.width: { choice: [8, 16] } } }\n').replace(
        '  training.clipNorm: [1, 2]',
        '  model.backbone: [{ type: hrnet }, { type: unet }]',
      ),
    );
    const backbones = points.map(({ loaded }) => loaded.recipe.model.backbone);
    expect(new Set(backbones.map(({ type }) => type))).toEqual(new Set(['hrnet', 'unet']));
    for (const { width } of backbones) expect([8, 16]).toContain(width);
  });

  test('are those of the recipe alone when there is no axis', async () => {
    const { points } = await loadText('name: one\nrecipe: recipe.yaml\n');
    expect(points.map(({ params }) => params)).toEqual([{}]);
  });
});

test('the launcher of a sweep is changed by one word on the command line', async () => {
  const { settings } = await loadText(`${SWEEP}launcher: { type: local }\n`, ['launcher.workers=3']);
  expect(settings.launcher).toMatchObject({ type: 'local', workers: 3 });
});

describe('a sweep file is refused where it says', () => {
  test.each([
    ['a path that no recipe has', edit('training.clipNorm', 'training.clipNrom'), 'clipNrom'],
    ['a value that the recipe does not take', edit('[1, 2]\nzip', '[1, -2]\nzip'), '-2'],
    ['a launcher that nobody knows', `${SWEEP}launcher: { type: locl }\n`, 'locl'],
    ['a misspelt key', edit('random:', 'radnom:'), 'radnom'],
    ['a seed as an axis', edit('training.clipNorm', 'seed'), 'seed'],
    ['an axis twice', edit('training.clipNorm', 'training.labeledBatch'), 'twice'],
    ['zipped paths of different lengths', edit('[3, 5]', '[3, 5, 6]'), '3 values'],
    ['an empty range', edit('[5, 9]', '[9, 5]'), 'empty'],
    ['a logarithm of zero', edit('[0.0001, 0.01]', '[0, 0.01]'), 'positive'],
    ['axes that are never drawn', edit('samples: 2', 'samples: 0'), 'samples'],
    ['a recipe that is not there', edit('recipe: recipe', 'recipe: recpie'), 'recpie'],
    [
      'a ranking without validation images',
      edit('set: {', 'set: { data: { split: { validation: 0 } },'),
      'validation',
    ],
  ])('%s', async (_name, text, word) => {
    const problems = await problemsOf(text);
    expect(problems.length).toBeGreaterThan(0);
    const [{ file, message, codeFrame }] = problems as [(typeof problems)[0]];
    expect(file).toBe('sweep.yaml');
    expect(message + codeFrame).toContain(word);
  });

  test('a mistake that every point has is told once', async () => {
    expect(await problemsOf(edit('evaluation: {', 'evaluation: { bootstrapSmaples: 1,'))).toHaveLength(1);
  });
});
