import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handAtlas } from '../../../src/plugins/datasets/hand-atlas.ts';
import { DatasetFolder, GREY } from './dataset-folder.ts';

let folder: DatasetFolder;

/** Landmark k at (k, 2 k mod 30): 0 and 4 are `hypot(4, 8)` pixels apart. */
const POSITIONS = Array.from({ length: 37 }, (_, k) => [k, (2 * k) % 30]);
const row = (id: string, positions = POSITIONS) => [id, ...positions.flat()].join();

const putTable = (...rows: string[]) => folder.put('setup/all.csv', `${rows.join('\n')}\n`);

beforeEach(async () => {
  folder = await DatasetFolder.create(handAtlas);
  for (const id of ['3142', '03143', '5000']) await folder.putImage(`images/${id}.png`);
});
afterEach(() => folder.remove());

describe('the Digital Hand Atlas', () => {
  it('takes its landmarks from the table by id, whatever zeros a file name begins with', async () => {
    await putTable(row('3142'), row('3143'), row('9999'));
    const { landmarkNames, samples } = await folder.load();
    expect(landmarkNames).toHaveLength(37);
    expect(samples.map(({ id, landmarks }) => [id, landmarks[36]])).toEqual([
      ['03143', [36, 12]],
      ['3142', [36, 12]],
      ['5000', null],
    ]);
  });

  it('measures each film by its wrist, 50 mm wide between two landmarks', async () => {
    await putTable(row('3142'));
    const spacing = async (options = {}) =>
      (await folder.load(options)).samples.map((sample) => sample.spacing?.xMm ?? null);
    const [unlabeled, byDefault] = await spacing();
    expect(unlabeled).toBeNull();
    expect(byDefault).toBeCloseTo(50 / Math.hypot(4, 8), 9);
    const [, other] = await spacing({ wrist: [1, 6], wristWidthMm: 60 });
    expect(other).toBeCloseTo(60 / Math.hypot(5, 10), 9);
  });

  it('has the named splits of a fold', async () => {
    await putTable(row('3142'));
    await folder.put('setup/cv/set1/train.txt', '3142\n9999\n');
    await folder.put('setup/cv/set1/test.txt', '3143\r\n');
    const { samples } = await folder.load({ fold: 1 });
    expect(samples.map(({ split }) => split)).toEqual(['test', 'train', undefined]);
  });

  it('comes with pixels', async () => {
    await putTable(row('3142'));
    const dataset = await folder.load();
    expect((await dataset.read(dataset.samples[0]!)).pixels[0]).toBeCloseTo(GREY / 255, 6);
  });
});

describe('what is wrong is told with file and line:', () => {
  it.each([
    ['a short row', '3143,1,2', 'all.csv:2: the row has 3 cells, not an id and 37 positions (75)'],
    [
      'a cell that is no number',
      row('3143').replace(',8,16,', ',8,1o,'),
      'all.csv:2: "1o" as y of landmark 8 is not a number',
    ],
    [
      'an empty cell',
      row('3143').replace(',8,16,', ',,16,'),
      'all.csv:2: "" as x of landmark 8 is not a number',
    ],
    ['a film twice', row('03142'), 'all.csv:2: film 3142 is given again (first in line 1)'],
    [
      'a position outside its image',
      row('3143', [[0, 30], ...POSITIONS.slice(1)]),
      'all.csv:2: landmark "0" at (0, 30) lies outside 03143.png (40 x 30)',
    ],
    [
      'a wrist without a width',
      row('3143', POSITIONS.with(4, [0, 0])),
      'all.csv:2: landmarks 0 and 4 lie at one place',
    ],
  ])('%s', async (_, second, problem) => {
    await putTable(row('3142'), second);
    expect(await folder.problems()).toContain(problem);
  });

  it('a table that is not there, or is about other films', async () => {
    expect(await folder.problems()).toContain('all.csv: there is no file');
    await putTable(row('77'));
    expect(await folder.problems()).toContain('no row is about an image of the folder, such as 03143');
  });

  it('images that fsx cannot read, and a film with two images', async () => {
    await putTable(row('3142'));
    await folder.put('mha/3142.mha', 'ObjectType = Image');
    expect(await folder.problems({ images: 'mha' })).toContain('convert .mha files to PNG');
    await folder.putImage('images/3143.png');
    expect(await folder.problems()).toContain('3143.png: film 3143 has an image already (03143.png)');
    expect(await folder.problems({ images: 'films' })).toContain('the folder of images cannot be read');
  });

  it('the lists of a fold that are not there, or name a film twice', async () => {
    await putTable(row('3142'));
    await folder.put('setup/cv/set2/train.txt', '3142\n');
    expect(await folder.problems({ fold: 2 })).toContain(
      'cv/set2/test.txt: the list of a fold cannot be read',
    );
    await folder.put('setup/cv/set2/test.txt', '1\n3142\n');
    expect(await folder.problems({ fold: 2 })).toContain(
      'cv/set2/test.txt:2: film 3142 is listed already (train)',
    );
  });
});
