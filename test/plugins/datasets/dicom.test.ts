import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/core/data/dataset.ts';
import { PluginRegistry } from '../../../src/core/plugins/registry.ts';
import { dicom } from '../../../src/plugins/datasets/dicom.ts';
import expected from '../../fixtures/dicom/expected.json' with { type: 'json' };

const FIXTURES = join(import.meta.dirname, '../../fixtures/dicom');

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'fsx-dicom-'));
  await writeFile(join(root, 'landmarks.csv'), 'image,landmark,x,y\n');
});
afterEach(() => rm(root, { recursive: true }));

async function putImage(fixture: string, as = fixture): Promise<void> {
  await mkdir(dirname(join(root, 'images', as)), { recursive: true });
  await copyFile(join(FIXTURES, fixture), join(root, 'images', as));
}

async function load(options: Record<string, unknown> = {}): Promise<Dataset> {
  const registry = new PluginRegistry();
  registry.register(dicom);
  const reference = { type: 'dicom', landmarkNames: ['apex'], ...options };
  return registry.create('dataset', reference, { baseDirectory: root });
}

const problemsOf = (options: Record<string, unknown> = {}): Promise<string> =>
  load(options).then(
    () => 'no problem',
    (error: Error) => error.message,
  );

async function pixelsOf(fixture: string, options: Record<string, unknown> = {}): Promise<Float32Array> {
  await putImage(fixture);
  const dataset = await load(options);
  const { width, height, pixels } = await dataset.read(dataset.samples[0]!);
  expect([width, height]).toEqual([expected.width, expected.height]);
  return pixels;
}

function expectedPixels(fixture: string): Int32Array {
  const source = (expected.pixels as Record<string, string>)[fixture]!;
  const packed = Buffer.from((expected.arrays as Record<string, string>)[source]!, 'base64');
  return new Int32Array(new Uint8Array(inflateSync(packed)).buffer);
}

/** The range of the values that a file can store, by its name. */
function rangeOf(fixture: string): [low: number, high: number] {
  const bits = fixture.startsWith('high-bit') ? 12 : Number(/(8|12|16)\.dcm$/.exec(fixture)?.[1] ?? 12);
  const low = fixture.includes('signed') ? -(2 ** (bits - 1)) : 0;
  return [low, low + 2 ** bits - 1];
}

/** Largest difference of stored values from what pydicom reads, with the window over the whole range. */
async function largestError(fixture: string): Promise<number> {
  const [low, high] = rangeOf(fixture);
  const grey = await pixelsOf(fixture, { window: 'full' });
  const truth = expectedPixels(fixture);
  expect(grey).toHaveLength(truth.length);
  const errors = truth.map((value, i) => Math.abs(value - (low + Math.round(grey[i]! * (high - low)))));
  return Math.max(...errors);
}

describe('pixels are those that pydicom reads', () => {
  it.each([
    'explicit-little.dcm',
    'implicit-little.dcm',
    'explicit-big.dcm',
    'explicit-8.dcm',
    'explicit-16.dcm',
    'explicit-signed-16.dcm',
    'high-bit-13.dcm',
    'rle-8.dcm',
    'rle-12.dcm',
    'rle-signed-12.dcm',
    'jpeg-lossless-8.dcm',
    'jpeg-lossless-12.dcm',
    'jpeg-lossless-16.dcm',
    'jpeg-lossless-14-12.dcm',
    'jpeg-ls-8.dcm',
    'jpeg-ls-12.dcm',
    'jpeg-ls-16.dcm',
    'jpeg-ls-near-12.dcm',
    'jpeg-2000-8.dcm',
    'jpeg-2000-12.dcm',
    'jpeg-2000-16.dcm',
    'jpeg-2000-signed-12.dcm',
  ])('exactly, in %s', async (fixture) => {
    expect(await largestError(fixture)).toBe(0);
  });

  // Decoders round the inverse transform in their own ways: one step of the stored values.
  it.each(['jpeg-baseline-8.dcm', 'jpeg-extended-12.dcm', 'jpeg-2000-lossy-12.dcm'])(
    'to one step of the stored values, in %s',
    async (fixture) => {
      expect(await largestError(fixture)).toBeLessThanOrEqual(1);
    },
  );
});

describe('grey values are those that pydicom shows', () => {
  const shown = (pixels: Float32Array) => expected.shownPixels.map((index) => pixels[index]!);
  function expectShown(pixels: Float32Array, fixture: keyof typeof expected.shown): void {
    const truth = expected.shown[fixture];
    shown(pixels).forEach((grey, i) => {
      // float32
      expect(grey).toBeCloseTo(truth[i]!, 6);
    });
  }

  it.each(['window-linear.dcm', 'window-linear-exact.dcm', 'window-sigmoid.dcm'] as const)(
    'through the rescale and the first window of %s',
    async (fixture) => {
      expectShown(await pixelsOf(fixture), fixture);
    },
  );
  it('through a VOI LUT, where there is no window', async () => {
    expectShown(await pixelsOf('voi-lut.dcm'), 'voi-lut.dcm');
  });
  it('with MONOCHROME1 turned over, so that dense tissue is bright', async () => {
    expectShown(await pixelsOf('monochrome1.dcm'), 'monochrome1.dcm');
  });
  it.each([
    ['linear', 'window-linear.dcm'],
    ['linear_exact', 'window-linear-exact.dcm'],
    ['sigmoid', 'window-sigmoid.dcm'],
  ] as const)('through a %s window of the recipe instead of that of the file', async (shape, truth) => {
    const other = truth === 'window-sigmoid.dcm' ? 'window-linear.dcm' : 'window-sigmoid.dcm';
    const window = { center: 620, width: 900, function: shape };
    expectShown(await pixelsOf(other, { window }), truth);
  });
  it('a window of the recipe is linear unless it says otherwise', async () => {
    const window = { center: 620, width: 900 };
    expectShown(await pixelsOf('window-sigmoid.dcm', { window }), 'window-linear.dcm');
  });
});

describe('what a file says besides its pixels', () => {
  it('patient and spacing come from the file, the table of images and its landmarks from CSV files', async () => {
    await putImage('explicit-little.dcm', 'a.dcm');
    await putImage('jpeg-2000-12.dcm', 'sub/1.2.840.1');
    await putImage('rle-8.dcm', 'sub/IM0001');
    await writeFile(join(root, 'landmarks.csv'), 'image,landmark,x,y\na.dcm,apex,47,31\n');
    await writeFile(join(root, 'meta.csv'), 'image,who,mm\nsub/IM0001,p2,0.5\n');
    const sampleColumns = { patient: 'who', spacingXMm: 'mm' };
    const { samples } = await load({ samples: 'meta.csv', sampleColumns, spacingMm: 9 });
    const size = { width: 48, height: 32 };
    const spacing = { xMm: 0.15, yMm: 0.2 };
    expect(samples).toEqual([
      { id: 'a.dcm', ...size, landmarks: [[47, 31]], patientId: 'P-0042', spacing },
      { id: 'sub/1.2.840.1', ...size, landmarks: [null], patientId: 'P-0042', spacing },
      { id: 'sub/IM0001', ...size, landmarks: [null], patientId: 'p2', spacing: { xMm: 0.5, yMm: 0.5 } },
    ]);
  });

  it('files that are no DICOM are passed over, except those that claim to be', async () => {
    await putImage('explicit-8.dcm');
    await writeFile(join(root, 'images/README'), 'read me');
    await copyFile(join(FIXTURES, 'explicit-8.dcm'), join(root, 'images/DICOMDIR'));
    expect((await load()).samples.map(({ id }) => id)).toEqual(['explicit-8.dcm']);
    await writeFile(join(root, 'images/b.dcm'), 'read me');
    expect(await problemsOf()).toMatch(/b\.dcm cannot be read as a DICOM image/);
  });

  it('a header that is longer than the first read is read on', async () => {
    const bytes = await readFile(join(FIXTURES, 'explicit-8.dcm'));
    const at = bytes.indexOf(Buffer.from([0x28, 0x00, 0x02, 0x00]));
    const note = Buffer.alloc(12 + 200_000);
    note.write('\x21\x00\x01\x10OB', 'latin1');
    note.writeUInt32LE(200_000, 8);
    await mkdir(join(root, 'images'));
    await writeFile(
      join(root, 'images/a.dcm'),
      Buffer.concat([bytes.subarray(0, at), note, bytes.subarray(at)]),
    );
    const dataset = await load();
    expect(dataset.samples[0]).toMatchObject({ width: 48, height: 32 });
    expect((await dataset.read(dataset.samples[0]!)).pixels).toHaveLength(48 * 32);
  });

  it('a landmark outside its image is refused', async () => {
    await putImage('explicit-8.dcm');
    await writeFile(join(root, 'landmarks.csv'), 'image,landmark,x,y\nexplicit-8.dcm,apex,48,1\n');
    expect(await problemsOf()).toContain('lies outside explicit-8.dcm (48 x 32)');
  });
});

describe('an image in several parts', () => {
  it('of one frame is put together', async () => {
    expect(await pixelsOf('fragments.dcm')).toEqual(await pixelsOf('jpeg-2000-12.dcm'));
  });
  it.each(['frames.dcm', 'frames-rle.dcm', 'frames-unlisted-rle.dcm'])(
    '%s is refused, or its first frame is taken',
    async (fixture) => {
      await putImage(fixture);
      expect(await problemsOf()).toContain(`${fixture} has 2 frames`);
      const first = await pixelsOf(fixture, { frames: 'first' });
      await rm(join(root, 'images', fixture));
      expect(first).toEqual(await pixelsOf('explicit-little.dcm'));
    },
  );
});

describe('what cannot be used is refused before any training, with the reason', () => {
  it.each([
    ['colour.dcm', 'colour.dcm is not a grey image (3 samples a pixel, RGB)'],
    ['deflated.dcm', 'deflated.dcm is encoded in transfer syntax 1.2.840.10008.1.2.1.99'],
  ])('%s', async (fixture, problem) => {
    await putImage(fixture);
    expect(await problemsOf()).toContain(problem);
  });

  it('an enormous image', async () => {
    await putImage('explicit-8.dcm');
    expect(await problemsOf({ maxMegapixels: 0.001 })).toMatch(/48 x 32 pixels, more than 0\.001 megapixels/);
  });

  it('pixels of another size than the header says', async () => {
    const bytes = await readFile(join(FIXTURES, 'jpeg-2000-8.dcm'));
    // Rows (0028,0010), US, 2 bytes
    bytes.writeUInt16LE(64, bytes.indexOf(Buffer.from([0x28, 0, 0x10, 0, 0x55, 0x53, 2, 0])) + 8);
    await mkdir(join(root, 'images'));
    await writeFile(join(root, 'images/a.dcm'), bytes);
    const dataset = await load();
    await expect(dataset.read(dataset.samples[0]!)).rejects.toMatchObject({
      code: 'FSX_IMAGE_UNREADABLE',
      message: expect.stringContaining(
        'the compressed pixels are 48 x 32 pixels of 1 x 8 bits, not 48 x 64 of 8',
      ),
    });
  });
});

it('many files are decoded at the same time, and a bad one among them does not disturb the others', async () => {
  for (let k = 0; k < 12; k++) await putImage('jpeg-lossless-12.dcm', `${k}.dcm`);
  const bytes = await readFile(join(FIXTURES, 'jpeg-lossless-12.dcm'));
  await writeFile(join(root, 'images/5.dcm'), bytes.subarray(0, bytes.length - 900));
  const dataset = await load();
  const answers = await Promise.allSettled(dataset.samples.map((sample) => dataset.read(sample)));
  const failed = dataset.samples.filter((_, k) => answers[k]!.status === 'rejected');
  expect(failed.map(({ id }) => id)).toEqual(['5.dcm']);
});
