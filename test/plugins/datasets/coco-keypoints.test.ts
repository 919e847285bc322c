import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cocoKeypoints } from '../../../src/plugins/datasets/coco-keypoints.ts';
import { DatasetFolder, GREY } from './dataset-folder.ts';

let folder: DatasetFolder;

const CHEST = {
  id: 7,
  name: 'chest',
  keypoints: ['apex', 'base', 'hilum'],
  skeleton: [
    [1, 2],
    [2, 3],
  ],
};
const IMAGES = [
  { id: 1, file_name: 'a.png', width: 40, height: 30 },
  { id: 2, file_name: 'sub/b.png' },
];
const LABELED = { image_id: 1, category_id: 7, keypoints: [1, 2, 2, 3.5, 4, 1, 0, 0, 0] };

const putAnnotations = (changes: object = {}, name = 'annotations.json') =>
  folder.putJson(name, { images: IMAGES, annotations: [LABELED], categories: [CHEST], ...changes });

beforeEach(async () => {
  folder = await DatasetFolder.create(cocoKeypoints);
  for (const name of ['a.png', 'sub/b.png', 'unlisted.png']) await folder.putImage(`images/${name}`);
});
afterEach(() => folder.remove());

describe('COCO keypoints', () => {
  it('become landmarks: hidden ones too, those of visibility 0 missing; other images are unlabeled', async () => {
    await putAnnotations();
    const { landmarkNames, edges, samples } = await folder.load({ spacingMm: 0.2 });
    expect(landmarkNames).toEqual(['apex', 'base', 'hilum']);
    expect(edges).toEqual([
      [0, 1],
      [1, 2],
    ]);
    const shared = { width: 40, height: 30, spacing: { xMm: 0.2, yMm: 0.2 } };
    expect(samples).toEqual([
      { id: 'a.png', ...shared, landmarks: [[1, 2], [3.5, 4], null] },
      { id: 'sub/b.png', ...shared, landmarks: [null, null, null] },
      { id: 'unlisted.png', ...shared, landmarks: [null, null, null] },
    ]);
  });

  it('measured from the corner are moved to pixel centres where the recipe says so', async () => {
    await putAnnotations();
    const { samples } = await folder.load({ pixelOrigin: 'corner' });
    expect(samples[0]!.landmarks).toEqual([[0.5, 1.5], [3, 3.5], null]);
  });

  it('of several files are parts of one dataset', async () => {
    await putAnnotations({ images: [IMAGES[0]] }, 'train.json');
    await putAnnotations({ images: [{ id: 1, file_name: 'sub/b.png' }] }, 'val.json');
    const { samples } = await folder.load({ annotations: { train: 'train.json', val: 'val.json' } });
    expect(samples.map(({ id, split }) => [id, split])).toEqual([
      ['a.png', 'train'],
      ['sub/b.png', 'val'],
      ['unlisted.png', undefined],
    ]);
    expect(samples[1]!.landmarks[0]).toEqual([1, 2]);
  });

  it('of the category that the recipe names, where several have keypoints', async () => {
    const other = { id: 8, name: 'hand', keypoints: ['wrist'] };
    const annotations = [LABELED, { image_id: 1, category_id: 8, keypoints: [5, 6, 2] }];
    await putAnnotations({ categories: [CHEST, other], annotations });
    const { landmarkNames, samples } = await folder.load({ category: 'hand' });
    expect(landmarkNames).toEqual(['wrist']);
    expect(samples[0]!.landmarks).toEqual([[5, 6]]);
    expect(await folder.problems()).toContain(
      'annotations.json: categories: several have keypoints: chest, hand',
    );
    expect(await folder.problems({ category: 'hands' })).toContain('no category "hands"; did you mean hand?');
  });

  it('of the largest annotation of an image, where the recipe says so', async () => {
    const small = { ...LABELED, keypoints: [9, 9, 2, 9, 9, 2, 9, 9, 2], bbox: [0, 0, 2, 3] };
    await putAnnotations({
      annotations: [small, { ...LABELED, area: 50 }, { ...small, bbox: [0, 0, 7, 7] }],
    });
    const { samples } = await folder.load({ several: 'largest' });
    expect(samples[0]!.landmarks[0]).toEqual([1, 2]);
    expect(await folder.problems()).toContain(
      'annotations.json: annotations[1]: a.png has 3 annotations of the category; set data.dataset.several',
    );
  });

  it('come with pixels', async () => {
    await putAnnotations();
    const dataset = await folder.load();
    const { pixels } = await dataset.read(dataset.samples[1]!);
    expect(pixels[0]).toBeCloseTo(GREY / 255, 6);
  });
});

describe('a faulty annotation file is told with the place in it:', () => {
  const twelve = [...LABELED.keypoints, 1, 1, 2];
  it.each([
    [
      'an image that is not there',
      { images: [{ id: 1, file_name: 'aa.png' }] },
      'images[0]: there is no image aa.png; did you mean a.png?',
    ],
    [
      'an image outside the folder',
      { images: [{ id: 1, file_name: '../x.png' }] },
      'images[0]: ../x.png lies outside the folder',
    ],
    [
      'an image of another size',
      { images: [{ ...IMAGES[0], width: 41 }] },
      'images[0]: says 41 x 30, and a.png has 40 x 30 pixels',
    ],
    [
      'an id for two images',
      { images: [IMAGES[0], { ...IMAGES[1], id: 1 }] },
      'images[1]: the id 1 is given again',
    ],
    [
      'an image twice',
      { images: [IMAGES[0], { id: 2, file_name: './a.png' }] },
      'images[1]: a.png is listed again (first in annotations.json: images[0])',
    ],
    [
      'an annotation of no image',
      { annotations: [{ ...LABELED, image_id: 9 }] },
      'annotations[0]: there is no image of id 9',
    ],
    [
      'too many numbers',
      { annotations: [{ ...LABELED, keypoints: twelve }] },
      'annotations[0].keypoints: has 12 numbers, not 3 for each of the 3 keypoints',
    ],
    [
      'a visibility that COCO does not know',
      { annotations: [{ ...LABELED, keypoints: [1, 1, 3, 1, 1, 2, 1, 1, 2] }] },
      'annotations[0].keypoints: the visibility of "apex" is 3',
    ],
    [
      'a point outside its image',
      { annotations: [{ ...LABELED, keypoints: [40, 1, 2, 1, 1, 2, 1, 1, 2] }] },
      'annotations[0].keypoints: landmark "apex" at (40, 1) lies outside a.png (40 x 30)',
    ],
    [
      'a skeleton counted from 0',
      { categories: [{ ...CHEST, skeleton: [[0, 1]] }] },
      'categories[0].skeleton[0]: [0,1] is not two keypoints, counted from 1 to 3',
    ],
    [
      'a keypoint named twice',
      { categories: [{ ...CHEST, keypoints: ['apex', 'apex', 'base'] }] },
      'categories: the keypoint "apex" is named twice',
    ],
    ['no keypoints', { categories: [{ id: 7, name: 'chest' }] }, 'categories: no category has keypoints'],
    [
      'a wrong type',
      { annotations: [{ ...LABELED, category_id: 'chest' }] },
      'annotations[0].category_id: must be integer',
    ],
    ['a missing list', { images: undefined }, "annotations.json: must have required property 'images'"],
  ])('%s', async (_, changes, problem) => {
    await putAnnotations(changes);
    expect(await folder.problems()).toContain(
      `annotations.json: ${problem.replace('annotations.json: must', 'must')}`,
    );
  });

  it('files that do not name the same keypoints', async () => {
    await putAnnotations({ images: [], annotations: [] }, 'train.json');
    await putAnnotations(
      { images: [], annotations: [], categories: [{ ...CHEST, keypoints: ['apex'] }] },
      'val.json',
    );
    const text = await folder.problems({ annotations: { train: 'train.json', val: 'val.json' } });
    expect(text).toContain('val.json: categories: the keypoints are not those of train.json');
  });

  it('a file that is not there, is no JSON, or a mirror pair that is no keypoint', async () => {
    expect(await folder.problems()).toContain('annotations.json: there is no file');
    await folder.put('annotations.json', '{ "images": [');
    expect(await folder.problems()).toMatch(/annotations\.json: .*JSON/);
    await putAnnotations();
    expect(await folder.problems({ mirrorPairs: [['apex', 'bas']] })).toContain('did you mean base?');
  });

  it('all problems at once', async () => {
    await putAnnotations({
      images: [{ ...IMAGES[0], height: 3 }],
      annotations: [{ ...LABELED, keypoints: [99, 1, 2, 1, 1, 5, 1, 1, 2] }],
    });
    expect(await folder.problems()).toMatch(/has 3 problems:/);
  });
});
