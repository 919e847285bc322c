import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { drawContactSheet, type SheetImage } from '../../../src/core/evaluation/contact-sheet.ts';

const black = (width: number, height: number, more: Partial<SheetImage> = {}): SheetImage => ({
  image: { width, height, pixels: new Float32Array(width * height) },
  ...{ width, height, landmarks: [[width / 2, height / 2], null] },
  ...{ caption: 'a.png', remark: 'train', isFlagged: false, ...more },
});
const OPTIONS = { title: 'two films', landmarkNames: ['apex', 'base'], edges: [[0, 1]] as const };

/** The share of pixels of a drawing that `is` is true of. */
async function share(
  png: Buffer,
  is: (red: number, green: number, blue: number) => boolean,
): Promise<number> {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  let count = 0;
  for (let i = 0; i < data.length; i += info.channels)
    count += Number(is(data[i]!, data[i + 1]!, data[i + 2]!));
  return count / (info.width * info.height);
}

const isRed = (red: number, green: number, blue: number) => red > 200 && green < 140 && blue < 140;

describe('a contact sheet', () => {
  it('shows images of any size and shape, wider than high', async () => {
    const images = [
      black(40, 40),
      black(300, 200),
      black(20, 90),
      black(64, 64),
      black(64, 64),
      black(64, 64),
    ];
    const { width, height, format } = await sharp(await drawContactSheet(images, OPTIONS)).metadata();
    expect(format).toBe('png');
    expect(width).toBeGreaterThan(height);
    expect(width).toBeLessThan(2.5 * height);
  });

  it('marks a landmark at its place, on the middle of the film', async () => {
    const sheet = await drawContactSheet([black(9, 9, { landmarks: [[4, 4], null] })], OPTIONS);
    const { data, info } = await sharp(sheet).raw().toBuffer({ resolveWithObject: true });
    // One cell of 320 px at (14, 32).
    const at = ((32 + 160) * info.width + 14 + 160) * info.channels;
    expect(isRed(data[at]!, data[at + 1]!, data[at + 2]!)).toBe(true);
  });

  it('frames what was found something in', async () => {
    const plain = await share(await drawContactSheet([black(64, 64)], OPTIONS), isRed);
    const flagged = await share(await drawContactSheet([black(64, 64, { isFlagged: true })], OPTIONS), isRed);
    expect(flagged).toBeGreaterThan(plain + 0.005);
  });

  it('has room for any number of landmarks, and none for no images', async () => {
    const names = Array.from({ length: 80 }, (_, landmark) => `landmark of a long name ${landmark}`);
    const many = await drawContactSheet([black(64, 64)], { ...OPTIONS, landmarkNames: names, edges: [] });
    expect((await sharp(many).metadata()).height).toBeGreaterThan(1000);
    expect((await sharp(await drawContactSheet([], OPTIONS)).metadata()).format).toBe('png');
  });
});
