import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isbi2015Ceph } from '../../../src/plugins/datasets/isbi2015-ceph.ts';
import { encodeBmp } from '../../support/bmp.ts';
import { DatasetFolder } from './dataset-folder.ts';

const [WIDTH, HEIGHT] = [30, 40];
const FILMS = [
  ['TrainingData', '001'],
  ['TrainingData', '002'],
  ['Test1Data', '151'],
  ['Test2Data', '301'],
] as const;

let folder: DatasetFolder;

/** 19 positions, then the anatomical types, as the published files have them. */
function annotation(shift: number): string[] {
  const positions = Array.from({ length: 19 }, (_, landmark) => `${landmark + shift},${2 * landmark}`);
  return [...positions, '1', '3', '2', '1', '1', '4', '1', '2', ''];
}

const putAnnotation = (clinician: string, id: string, lines: readonly string[]) =>
  folder.put(`AnnotationsByMD/400_${clinician}/${id}.txt`, lines.join('\r\n'));

beforeEach(async () => {
  folder = await DatasetFolder.create(isbi2015Ceph);
  for (const [part, id] of FILMS) {
    const values = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, k) => (k + Number(id)) % 256);
    await folder.put(`RawImage/${part}/${id}.bmp`, encodeBmp(WIDTH, HEIGHT, values, { bitsPerPixel: 24 }));
    await putAnnotation('senior', id, annotation(0));
    await putAnnotation('junior', id, annotation(3));
  }
});
afterEach(() => folder.remove());

describe('the ISBI 2015 cephalograms', () => {
  it('come in the parts of the challenge, of 0.1 mm, with 19 named landmarks', async () => {
    const { landmarkNames, mirrorPairs, samples } = await folder.load();
    expect(samples.map(({ id, split }) => [id, split])).toEqual([
      ['001', 'train'],
      ['002', 'train'],
      ['151', 'test1'],
      ['301', 'test2'],
    ]);
    expect(samples[0]).toMatchObject({ width: WIDTH, height: HEIGHT, spacing: { xMm: 0.1, yMm: 0.1 } });
    expect(landmarkNames).toHaveLength(19);
    expect([landmarkNames[0], landmarkNames[10], landmarkNames[18]]).toEqual([
      'sella',
      'lower incisal incision',
      'articulare',
    ]);
    expect(mirrorPairs).toEqual([]);
  });

  it.each([
    ['mean', [1.5, 0]],
    ['senior', [0, 0]],
    ['junior', [3, 0]],
  ])('have the landmarks of the annotator that the recipe names (%s)', async (annotator, first) => {
    const { samples } = await folder.load({ annotator });
    expect(samples[0]!.landmarks[0]).toEqual(first);
    expect(samples[0]!.landmarks[18]).toEqual([first[0]! + 18, 36]);
  });

  it('are read from BMP, top row first', async () => {
    const dataset = await folder.load();
    const { width, height, pixels } = await dataset.read(dataset.samples[0]!);
    expect([width, height]).toEqual([WIDTH, HEIGHT]);
    expect(pixels[0]).toBeCloseTo(1 / 255, 6);
    expect(pixels[WIDTH]).toBeCloseTo((WIDTH + 1) / 255, 6);
  });

  it('may lack a part, and one clinician, that the recipe does not ask for', async () => {
    await rm(join(folder.path, 'RawImage/Test2Data'), { recursive: true });
    await rm(join(folder.path, 'AnnotationsByMD/400_junior'), { recursive: true });
    const { samples } = await folder.load({ parts: ['train', 'test1'], annotator: 'senior' });
    expect(samples).toHaveLength(3);
    const text = await folder.problems();
    expect(text).toContain('Test2Data: there are no images; leave "test2" out of data.dataset.parts');
    expect(text).toContain('AnnotationsByMD/400_junior/001.txt: there is no such annotation file');
  });
});

describe('a faulty file is told with its line:', () => {
  const change = (line: number, text: string) => annotation(0).with(line - 1, text);
  it.each([
    ['a line that is no position', change(3, '12;5'), ':3: "12;5" instead of x,y for landmark "orbitale"'],
    ['too few lines', annotation(0).slice(0, 18), ':19: nothing instead of x,y for landmark "articulare"'],
    ['too many positions', change(20, '5,5'), ':20: a position after the 19 landmarks'],
    [
      'a position outside the image',
      change(2, '30,1'),
      ':2: landmark "nasion" at (30, 1) lies outside image 001 (30 x 40)',
    ],
  ])('%s', async (_, lines, problem) => {
    await putAnnotation('senior', '001', lines);
    expect(await folder.problems()).toContain(`AnnotationsByMD/400_senior/001.txt${problem}`);
  });

  it('a damaged image, and an image twice', async () => {
    await folder.put('RawImage/TrainingData/001.bmp', 'BM');
    await folder.putImage('RawImage/Test1Data/002.png', WIDTH, HEIGHT);
    const text = await folder.problems();
    expect(text).toMatch(/TrainingData\/001\.bmp: .*cannot be read as an image/);
    expect(text).toContain('Test1Data/002.png: the image 002 is there already (TrainingData/002.bmp)');
  });

  it('no folder of images', async () => {
    expect(await folder.problems({ images: 'Raw' })).toContain('the folder of images cannot be read');
  });
});
