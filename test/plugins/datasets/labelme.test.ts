import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { labelme } from '../../../src/plugins/datasets/labelme.ts';
import { DatasetFolder, encodePng, GREY } from './dataset-folder.ts';

let folder: DatasetFolder;

beforeEach(async () => {
  folder = await DatasetFolder.create(labelme);
  for (const name of ['a.png', 'films/b.png', 'c.png']) await folder.putImage(name);
});
afterEach(() => folder.remove());

const point = (label: string, x: number, y: number) => ({
  label,
  points: [[x, y]],
  shape_type: 'point',
  flags: {},
});

const putFile = (name: string, imagePath: string, shapes: readonly object[], more: object = {}) =>
  folder.putJson(name, {
    ...{ version: '5.5.0', flags: {}, shapes, imagePath, imageData: null },
    ...{ imageHeight: 30, imageWidth: 40, ...more },
  });

describe('a folder of Labelme files', () => {
  it('gives landmarks by label, from pixel centres, for images beside the files or elsewhere in the folder', async () => {
    const outline = {
      label: 'lung',
      points: [
        [1, 1],
        [2, 2],
        [3, 1],
      ],
      shape_type: 'polygon',
    };
    await putFile('a.json', 'a.png', [point('base', 3.5, 4), outline, point('apex', 1, 2)]);
    await putFile('labels/b.json', '..\\films\\b.png', [point('apex', 5, 6)]);
    const { landmarkNames, samples } = await folder.load();
    expect(landmarkNames).toEqual(['apex', 'base']);
    expect(samples.map(({ id, width, landmarks }) => ({ id, width, landmarks }))).toEqual([
      {
        id: 'a.png',
        width: 40,
        landmarks: [
          [0.5, 1.5],
          [3, 3.5],
        ],
      },
      { id: 'c.png', width: 40, landmarks: [null, null] },
      { id: 'films/b.png', width: 40, landmarks: [[4.5, 5.5], null] },
    ]);
  });

  it('takes the order, the origin and the pairs of the recipe', async () => {
    await putFile('a.json', 'a.png', [point('apex', 1, 2), point('base', 3, 4)]);
    const dataset = await folder.load({
      ...{ landmarkNames: ['base', 'apex', 'hilum'], pixelOrigin: 'centre', spacingMm: 0.3 },
      ...{ mirrorPairs: [['apex', 'base']], edges: [[0, 'hilum']] },
    });
    expect(dataset.landmarkNames).toEqual(['base', 'apex', 'hilum']);
    expect(dataset.samples[0]).toMatchObject({ landmarks: [[3, 4], [1, 2], null], spacing: { xMm: 0.3 } });
    expect(dataset.mirrorPairs).toEqual([[1, 0]]);
    expect(dataset.edges).toEqual([[0, 2]]);
  });

  it('puts numbered labels in the order of their numbers', async () => {
    await putFile(
      'a.json',
      'a.png',
      ['10', '9', '1'].map((label) => point(label, 1, 1)),
    );
    expect((await folder.load()).landmarkNames).toEqual(['1', '9', '10']);
  });

  it('reads the image inside a file where there is none beside it', async () => {
    const imageData = (await encodePng(20, 10)).toString('base64');
    await putFile('x.json', 'x.png', [point('apex', 19, 9)], { imageData, imageWidth: 20, imageHeight: 10 });
    const dataset = await folder.load();
    const sample = dataset.samples.find(({ id }) => id === 'x.png')!;
    expect(sample).toMatchObject({ width: 20, height: 10, landmarks: [[18.5, 8.5]] });
    const { width, pixels } = await dataset.read(sample);
    expect(width).toBe(20);
    expect(pixels[0]).toBeCloseTo(GREY / 255, 6);
    const beside = dataset.samples.find(({ id }) => id === 'c.png')!;
    expect((await dataset.read(beside)).width).toBe(40);
  });
});

describe('a faulty file is told with the place in it:', () => {
  it.each([
    [
      'an image that is not there',
      'aa.png',
      [],
      {},
      'a.json: imagePath: there is no image aa.png; did you mean a.png?',
    ],
    [
      'an image outside the folder',
      '../x.png',
      [],
      {},
      'a.json: imagePath: ../x.png lies outside the folder of images',
    ],
    [
      'an image inside that is damaged',
      'x.png',
      [],
      { imageData: 'bm8gaW1hZ2U=' },
      'a.json: imageData of a.json cannot be read as an image',
    ],
    [
      'an image of another size',
      'a.png',
      [],
      { imageWidth: 41 },
      'a.json: says 41 x 30, and a.png has 40 x 30 pixels',
    ],
    [
      'a label twice',
      'a.png',
      [point('apex', 1, 1), point('apex', 2, 2)],
      {},
      'a.json: shapes[1]: the point "apex" is given again (first in a.json: shapes[0])',
    ],
    [
      'a point of two positions',
      'a.png',
      [
        {
          label: 'apex',
          points: [
            [1, 1],
            [2, 2],
          ],
          shape_type: 'point',
        },
      ],
      {},
      'a.json: shapes[0]: the point "apex" has 2 positions',
    ],
    [
      'half a position',
      'a.png',
      [{ label: 'apex', points: [[1]], shape_type: 'point' }],
      {},
      'a.json: shapes[0]: the point "apex" has 1 positions, not one [x, y]',
    ],
    [
      'a point outside its image',
      'a.png',
      [point('apex', 40.5, 1)],
      {},
      'a.json: shapes[0]: landmark "apex" at (40, 0.5) lies outside a.png (40 x 30)',
    ],
    ['no image', undefined, [], {}, "a.json: must have required property 'imagePath'"],
    [
      'a wrong type',
      'a.png',
      [{ label: 3, points: [], shape_type: 'point' }],
      {},
      'a.json: shapes[0].label: must be string',
    ],
  ])('%s', async (_, imagePath, shapes, more, problem) => {
    await putFile('a.json', imagePath as string, shapes, more);
    expect(await folder.problems()).toContain(problem);
  });

  it('a label that is not among the landmarks of the recipe', async () => {
    await putFile('a.json', 'a.png', [point('appex', 1, 1)]);
    const text = await folder.problems({ landmarkNames: ['apex', 'base'] });
    expect(text).toContain(
      'a.json: shapes[0]: the point "appex" is not in landmarkNames; did you mean apex?',
    );
  });

  it('a second file for an image, and a pair that names no label', async () => {
    await putFile('a.json', 'a.png', [point('apex', 1, 1)]);
    await putFile('a2.json', './a.png', []);
    const text = await folder.problems({ edges: [['apex', 'base']] });
    expect(text).toContain('a2.json: imagePath: a.png has a file already: a.json');
    expect(text).toContain('data.dataset.edges: there is no landmark "base"');
  });

  it('no files at all, or no folder', async () => {
    expect(await folder.problems()).toContain('the folder has no JSON file');
    expect(await folder.problems({ annotations: 'labels' })).toContain(
      'the folder of annotations cannot be read',
    );
    expect(await folder.problems({ root: 'nowhere' })).toContain('the folder of images cannot be read');
  });
});
