import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/core/data/dataset.ts';
import { PluginRegistry } from '../../../src/core/plugins/registry.ts';
import { landmarkCsv } from '../../../src/plugins/datasets/landmark-csv.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'fsx-csv-'));
  for (const name of ['a.png', 'b.png', 'sub/c.png']) await putImage(`images/${name}`);
});
afterEach(() => rm(root, { recursive: true }));

async function putImage(path: string, width = 40, height = 30): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  const background = { r: 90, g: 90, b: 90 };
  await sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toFile(join(root, path));
}

const put = (name: string, ...lines: string[]) => writeFile(join(root, name), `${lines.join('\n')}\n`);

async function load(options: Record<string, unknown> = {}): Promise<Dataset> {
  const registry = new PluginRegistry();
  registry.register(landmarkCsv);
  return registry.create('dataset', { type: 'landmark-csv', ...options }, { baseDirectory: root });
}

const problemsOf = (options: Record<string, unknown> = {}): Promise<string> =>
  load(options).then(
    () => 'no problem',
    (error: Error) => error.message,
  );

describe('a long table', () => {
  it('gives landmarks in the order of their names; empty cells and absent rows are missing landmarks', async () => {
    await put(
      'landmarks.csv',
      'image,landmark,x,y',
      'a.png,apex,1,2',
      'a.png,base,3.5,4',
      'b.png,apex,,',
      'sub/c.png,base,0,0',
    );
    const { landmarkNames, samples } = await load();
    expect(landmarkNames).toEqual(['apex', 'base']);
    expect(samples.map(({ id, width, height, landmarks }) => ({ id, width, height, landmarks }))).toEqual([
      {
        id: 'a.png',
        width: 40,
        height: 30,
        landmarks: [
          [1, 2],
          [3.5, 4],
        ],
      },
      { id: 'b.png', width: 40, height: 30, landmarks: [null, null] },
      { id: 'sub/c.png', width: 40, height: 30, landmarks: [null, [0, 0]] },
    ]);
  });

  it('with numbered landmarks takes their names from the recipe, by number', async () => {
    await put('landmarks.csv', 'file,k,col,row', 'a.png,10,3,3', 'a.png,2,2,2', 'a.png,0,1,1');
    const columns = { image: 'file', landmark: 'k', x: 'col', y: 'row' };
    const dataset = await load({
      columns,
      landmarkNames: ['first', 'second', 'third'],
      mirrorPairs: [['first', 'third']],
      edges: [
        [0, 1],
        ['second', 'third'],
      ],
    });
    expect(dataset.samples[0]!.landmarks).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(dataset.mirrorPairs).toEqual([[0, 2]]);
    expect(dataset.edges).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect((await load({ columns })).landmarkNames).toEqual(['0', '2', '10']);
  });

  it('may be separated by semicolons, begin with a byte order mark, and end its lines as Windows does', async () => {
    await writeFile(join(root, 'landmarks.csv'), '\uFEFFimage;landmark;x;y\r\na.png;apex;1;2\r\n');
    expect((await load()).samples[0]!.landmarks).toEqual([[1, 2]]);
  });
});

describe('a wide table', () => {
  it('gives a landmark for each pair of columns', async () => {
    await put('landmarks.csv', 'image,apex_x,apex_y,age,base_x,base_y', 'a.png,1,2,60,3,4', 'b.png,5,6,61,,');
    const { landmarkNames, samples } = await load();
    expect(landmarkNames).toEqual(['apex', 'base']);
    expect(samples.map(({ landmarks }) => landmarks)).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      [[5, 6], null],
      [null, null],
    ]);
  });

  it('may have headers of another pattern', async () => {
    await put('landmarks.csv', 'image,X apex,Y apex', 'a.png,1,2');
    const dataset = await load({ format: 'wide', columns: { wideX: 'X *', wideY: 'Y *' } });
    expect(dataset.landmarkNames).toEqual(['apex']);
  });
});

it('the table of images gives split, patient and spacing; a constant spacing fills the gaps', async () => {
  await put('landmarks.csv', 'image,landmark,x,y', 'a.png,apex,1,2');
  await put('meta.csv', 'image,part,who,sx,sy', 'a.png,train,p1,0.1,0.2', 'b.png,,,,');
  const { samples } = await load({
    samples: 'meta.csv',
    sampleColumns: { split: 'part', patient: 'who', spacingXMm: 'sx', spacingYMm: 'sy' },
    spacingMm: 0.5,
  });
  expect(samples[0]).toMatchObject({ split: 'train', patientId: 'p1', spacing: { xMm: 0.1, yMm: 0.2 } });
  expect(samples[1]).toMatchObject({ id: 'b.png', spacing: { xMm: 0.5, yMm: 0.5 } });
  expect(samples[1]).not.toHaveProperty('split');
});

it('pixels are read by sample', async () => {
  await put('landmarks.csv', 'image,landmark,x,y', 'sub/c.png,apex,1,2');
  const dataset = await load();
  const { width, height, pixels } = await dataset.read(dataset.samples[2]!);
  expect([width, height]).toEqual([40, 30]);
  expect(pixels[0]).toBeCloseTo(90 / 255, 6);
});

describe('a faulty row is named with its file and line', () => {
  it.each([
    ['a missing image', 'aa.png,apex,1,1', 'landmarks.csv:3: there is no image aa.png; did you mean a.png?'],
    [
      'a point right of its image',
      'b.png,apex,39.6,1',
      'landmarks.csv:3: landmark "apex" at (39.6, 1) lies outside b.png (40 x 30)',
    ],
    [
      'a point above its image',
      'b.png,apex,3,-0.6',
      'landmarks.csv:3: landmark "apex" at (3, -0.6) lies outside',
    ],
    [
      'a duplicate row',
      'a.png,apex,3,4',
      'landmarks.csv:3: landmark "apex" of a.png is given again (first in line 2)',
    ],
    ['a cell that is no number', 'b.png,apex,12;5,1', 'landmarks.csv:3: "12;5" in column x is not a number'],
    ['half a point', 'b.png,apex,1,', 'landmarks.csv:3: only one of x and y is given'],
    ['a row that is too short', 'b.png,apex,1', 'landmarks.csv:3: the row has 3 cells, the header 4'],
    ['a row without an image', ',apex,1,1', 'landmarks.csv:3: the row names no image'],
    ['a row without a landmark', 'b.png,,1,1', 'landmarks.csv:3: the row names no landmark'],
    [
      'a path that leaves the folder',
      '../../x.png,apex,1,1',
      'landmarks.csv:3: ../../x.png lies outside the folder of images',
    ],
    ['an absolute path', '/etc/x.png,apex,1,1', 'lies outside the folder of images'],
  ])('%s', async (_, line, problem) => {
    await put('landmarks.csv', 'image,landmark,x,y', 'a.png,apex,1,1', line);
    expect(await problemsOf()).toContain(problem);
  });

  it('a point up to half a pixel beyond the outermost pixel centre is inside', async () => {
    await put('landmarks.csv', 'image,landmark,x,y', 'a.png,apex,39.5,-0.5');
    expect(await problemsOf()).toBe('no problem');
  });

  it('a landmark that is not among those of the recipe', async () => {
    await put('landmarks.csv', 'image,landmark,x,y', 'a.png,appex,1,1');
    const problem = 'landmarks.csv:2: landmark "appex" is not in landmarkNames; did you mean apex?';
    expect(await problemsOf({ landmarkNames: ['apex', 'base'] })).toContain(problem);
  });

  it('an image twice in a wide table or in the table of images', async () => {
    await put('landmarks.csv', 'image,apex_x,apex_y', 'a.png,1,1', 'a.png,2,2');
    await put('meta.csv', 'image', 'b.png', 'b.png');
    const text = await problemsOf({ samples: 'meta.csv' });
    expect(text).toContain('landmarks.csv:3: image a.png is given again');
    expect(text).toContain('meta.csv:3: image b.png is given again (first in line 2)');
  });

  it('a spacing that is not positive', async () => {
    await put('landmarks.csv', 'image,landmark,x,y', 'a.png,apex,1,1');
    await put('meta.csv', 'image,s', 'a.png,0');
    const text = await problemsOf({ samples: 'meta.csv', sampleColumns: { spacingXMm: 's' } });
    expect(text).toContain('meta.csv:2: the pixel spacing 0 x 0 mm');
  });
});

describe('faulty files and names', () => {
  beforeEach(() => put('landmarks.csv', 'image,landmark,x,y', 'a.png,apex,1,1'));

  it('a column that is not there, with the nearest one', async () => {
    const text = await problemsOf({ format: 'long', columns: { landmark: 'landmrk' } });
    expect(text).toContain('landmarks.csv:1: there is no column "landmrk"; did you mean landmark?');
  });
  it('a table that is not there', async () => {
    expect(await problemsOf({ landmarks: 'points.csv' })).toContain('points.csv: there is no file');
  });
  it('an empty table', async () => {
    await writeFile(join(root, 'landmarks.csv'), '');
    expect(await problemsOf()).toContain('landmarks.csv: the table is empty');
  });
  it('a quote that never ends', async () => {
    await put('landmarks.csv', 'image,landmark,x,y', 'a.png,"apex,1,1');
    expect(await problemsOf()).toMatch(/landmarks\.csv:\d+: Quote Not Closed/);
  });
  it('a folder of images that is not there', async () => {
    expect(await problemsOf({ images: 'films' })).toContain('the folder of images cannot be read');
  });
  it('a damaged image', async () => {
    await writeFile(join(root, 'images/a.png'), 'no image');
    expect(await problemsOf()).toMatch(/landmarks\.csv:2: .*a\.png cannot be read as an image/);
  });
  it('an enormous image', async () => {
    expect(await problemsOf({ maxMegapixels: 0.001 })).toMatch(/40 x 30 pixels, more than 0\.001 megapixels/);
  });
  it('a link that leads out of the folder', async () => {
    await putImage('secret.png');
    await symlink(join(root, 'secret.png'), join(root, 'images/link.png'));
    expect(await problemsOf()).toContain('link.png: link.png leads out of the folder of images');
  });
  it('a landmark in mirrorPairs that is not there', async () => {
    expect(await problemsOf({ mirrorPairs: [['apex', 'appex']] })).toContain(
      'data.dataset.mirrorPairs: there is no landmark "appex"; did you mean apex?',
    );
  });
});

it('all problems are told at once, the first twenty in full', async () => {
  const lines = Array.from({ length: 30 }, (_, k) => `no-${k}.png,apex,1,1`);
  await put('landmarks.csv', 'image,landmark,x,y', ...lines);
  const text = await problemsOf();
  expect(text).toMatch(/has 30 problems:/);
  expect(text).toContain('landmarks.csv:21: there is no image no-19.png');
  expect(text).toContain('… and 10 more');
  expect(text.split('\n')).toHaveLength(22);
});
