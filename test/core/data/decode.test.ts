import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeGrey, readImageSize } from '../../../src/core/data/decode.ts';
import { type BmpLayout, encodeBmp } from '../../support/bmp.ts';

const [WIDTH, HEIGHT] = [20, 12];
const grey8 = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => (i * 7) % 256);
const grey16 = Uint16Array.from(grey8, (value) => value * 257);
const expected = Float32Array.from(grey8, (value) => value / 255);

let folder: string;
const at = (name: string) => join(folder, name);
const raw = (channels: 1 | 2 | 3 | 4) => ({ raw: { width: WIDTH, height: HEIGHT, channels } });

function interleave(channels: number, opaque: boolean): Uint8Array {
  return Uint8Array.from({ length: grey8.length * channels }, (_, i) =>
    opaque && i % channels === channels - 1 ? 90 : grey8[Math.floor(i / channels)]!,
  );
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fsx-decode-'));
  const wide = () => sharp(grey16, raw(1)).toColourspace('grey16');
  await sharp(grey8, raw(1)).toColourspace('b-w').png().toFile(at('grey8.png'));
  await wide().png().toFile(at('grey16.png'));
  await wide().tiff({ compression: 'lzw' }).toFile(at('grey16.tif'));
  await sharp(grey8, raw(1)).toColourspace('b-w').tiff({ compression: 'none' }).toFile(at('grey8.tif'));
  await sharp(interleave(3, false), raw(3)).png().toFile(at('colour.png'));
  await sharp(interleave(4, true), raw(4)).png().toFile(at('colour-alpha.png'));
  await sharp(interleave(2, true), raw(2)).toColourspace('b-w').png().toFile(at('grey-alpha.png'));
  await sharp(at('colour.png')).toColourspace('rgb16').png().toFile(at('colour16.png'));
  await sharp(at('colour.png')).png({ palette: true, colours: 256, dither: 0 }).toFile(at('palette.png'));
  await sharp(grey8, raw(1)).toColourspace('b-w').jpeg({ quality: 100 }).toFile(at('grey.jpg'));
  await sharp(grey8, raw(1)).jpeg({ quality: 100 }).withMetadata({ orientation: 6 }).toFile(at('turned.jpg'));
  const bmp = (values: Uint8Array, layout: BmpLayout) => encodeBmp(WIDTH, HEIGHT, values, layout);
  await writeFile(at('24bit.bmp'), bmp(grey8, { bitsPerPixel: 24 }));
  await writeFile(at('32bit.bmp'), bmp(grey8, { bitsPerPixel: 32 }));
  await writeFile(at('top-down.bmp'), bmp(grey8, { bitsPerPixel: 24, topDown: true }));
  const inverted = grey8.map((value) => 255 - value);
  await writeFile(at('palette.bmp'), bmp(inverted, { bitsPerPixel: 8, palette: (entry) => 255 - entry }));
});

afterAll(() => rm(folder, { recursive: true }));

describe('the same picture has the same grey values', () => {
  it.each([
    ['grey8.png', 1e-6],
    ['grey16.png', 1e-6],
    ['grey16.tif', 1e-6],
    ['grey8.tif', 1e-6],
    ['colour.png', 1e-6],
    ['colour-alpha.png', 1e-6],
    ['grey-alpha.png', 1e-6],
    ['colour16.png', 0.005],
    ['palette.png', 0.02],
    ['grey.jpg', 0.02],
    ['turned.jpg', 0.02],
    ['24bit.bmp', 1e-6],
    ['32bit.bmp', 1e-6],
    ['top-down.bmp', 1e-6],
    ['palette.bmp', 1e-6],
  ])('as %s', async (name, tolerance) => {
    expect(await readImageSize(at(name))).toEqual({ width: WIDTH, height: HEIGHT });
    const image = await decodeGrey(at(name));
    expect([image.width, image.height]).toEqual([WIDTH, HEIGHT]);
    const errors = image.pixels.map((value, i) => Math.abs(value - expected[i]!));
    expect(Math.max(...errors)).toBeLessThanOrEqual(tolerance);
  });

  it.each([1, 4] as const)('as a BMP file with a palette of %i bits', async (bitsPerPixel) => {
    const levels = 2 ** bitsPerPixel - 1;
    const entries = grey8.map((value) => value & levels);
    const palette = (entry: number) => 255 - Math.round((255 * entry) / levels);
    const bytes = encodeBmp(WIDTH, HEIGHT, entries, { bitsPerPixel, palette });
    const { pixels } = await decodeGrey({ name: 'palette', bytes });
    pixels.forEach((value, i) => {
      expect(value).toBeCloseTo(1 - entries[i]! / levels, 6);
    });
  });

  it('from bytes in memory, with a name for messages', async () => {
    for (const name of ['grey16.png', 'palette.bmp']) {
      const source = { name: 'imageData of a.json', bytes: await readFile(at(name)) };
      expect(await readImageSize(source)).toEqual({ width: WIDTH, height: HEIGHT });
      expect(await decodeGrey(source)).toEqual(await decodeGrey(at(name)));
      const cut = { ...source, bytes: source.bytes.subarray(0, source.bytes.length * 0.6) };
      await expect(decodeGrey(cut)).rejects.toThrow('imageData of a.json cannot be read as an image');
    }
  });

  it('colour becomes BT.601 luma', async () => {
    await sharp(Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255]), {
      raw: { width: 3, height: 1, channels: 3 },
    })
      .png()
      .toFile(at('rgb.png'));
    const { pixels } = await decodeGrey(at('rgb.png'));
    [0.299, 0.587, 0.114].forEach((luma, i) => {
      expect(pixels[i]).toBeCloseTo(luma, 6);
    });
  });
});

describe('a file that cannot be used is refused with its name and the reason', () => {
  it('missing', async () => {
    await expect(decodeGrey(at('nowhere.png'))).rejects.toMatchObject({ code: 'FSX_IMAGE_MISSING' });
  });
  it('not an image', async () => {
    await writeFile(at('text.png'), 'this is no image');
    await expect(readImageSize(at('text.png'))).rejects.toMatchObject({ code: 'FSX_IMAGE_UNREADABLE' });
  });
  it('empty', async () => {
    await writeFile(at('empty.png'), '');
    await expect(readImageSize(at('empty.png'))).rejects.toMatchObject({ code: 'FSX_IMAGE_UNREADABLE' });
  });
  it.each(['grey16.png', 'grey.jpg', 'grey8.tif', '24bit.bmp', 'palette.bmp'])(
    'cut off (%s)',
    async (name) => {
      const whole = await readFile(at(name));
      await writeFile(at(`cut-${name}`), whole.subarray(0, whole.length * 0.6));
      await expect(decodeGrey(at(`cut-${name}`))).rejects.toMatchObject({
        code: 'FSX_IMAGE_UNREADABLE',
        message: expect.stringContaining(`cut-${name}`),
      });
    },
  );
  it('another format', async () => {
    await sharp(grey8, raw(1)).webp().toFile(at('image.webp'));
    await expect(decodeGrey(at('image.webp'))).rejects.toMatchObject({ code: 'FSX_IMAGE_FORMAT' });
  });
  it('a BMP file that is packed', async () => {
    const bytes = encodeBmp(WIDTH, HEIGHT, grey8, { bitsPerPixel: 8 });
    bytes.writeUInt32LE(1, 30);
    await expect(decodeGrey({ name: 'rle.bmp', bytes })).rejects.toThrow(
      /rle\.bmp cannot be read as an image \(BMP of 8 bits a pixel with compression 1 is not supported\)/,
    );
  });
  it('enormous', async () => {
    const limit = { maxMegapixels: (WIDTH * HEIGHT - 1) / 1e6 };
    await expect(decodeGrey(at('grey8.png'), limit)).rejects.toMatchObject({ code: 'FSX_IMAGE_TOO_LARGE' });
  });
});
