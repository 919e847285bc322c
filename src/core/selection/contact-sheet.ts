import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import sharp from 'sharp';
import type { Dataset } from '../data/dataset.ts';
import { strokeText, strokeTextWidth } from '../evaluation/stroke-font.ts';

const COLUMNS = 5;
const TILE = { width: 240, image: 240, caption: 28 } as const;
const TEXT_HEIGHT = 10;
const BACKGROUND = '#12151a';

/** Draws images side by side, in order, with their numbers and ids, into a PNG file. */
export async function writeContactSheet(
  file: string,
  dataset: Dataset,
  ids: readonly string[],
): Promise<void> {
  const samples = new Map(dataset.samples.map((sample) => [sample.id, sample]));
  const tileHeight = TILE.image + TILE.caption;
  const tiles = [];
  for (const [index, id] of ids.entries()) {
    const left = (index % COLUMNS) * TILE.width;
    const top = Math.floor(index / COLUMNS) * tileHeight;
    const { width, height, pixels } = await dataset.read(samples.get(id)!);
    tiles.push({ input: await thumbnail(width, height, pixels), left, top });
    tiles.push({ input: caption(`${index + 1}  ${id}`), left, top: top + TILE.image });
  }
  const sheet = sharp({
    create: {
      width: TILE.width * Math.min(COLUMNS, ids.length),
      height: tileHeight * Math.ceil(ids.length / COLUMNS),
      channels: 3,
      background: BACKGROUND,
    },
  });
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, await sheet.composite(tiles).png().toBuffer());
}

function thumbnail(width: number, height: number, pixels: Float32Array): Promise<Buffer> {
  const grey = Uint8Array.from(pixels, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
  return sharp(grey, { raw: { width, height, channels: 1 } })
    .resize(TILE.width - 8, TILE.image - 8, { fit: 'contain', background: BACKGROUND })
    .toColourspace('srgb')
    .extend({ top: 4, bottom: 4, left: 4, right: 4, background: BACKGROUND })
    .png()
    .toBuffer();
}

/** Long names lose their end. */
function caption(text: string): Buffer {
  const fits = Math.floor((text.length * (TILE.width - 12)) / strokeTextWidth(text, TEXT_HEIGHT));
  const shown = text.slice(0, fits);
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${TILE.width}" height="${TILE.caption}" fill="none" ` +
      `stroke="#e9ecef" stroke-width="1">${strokeText(shown, 6, 8, TEXT_HEIGHT)}</svg>`,
  );
}
