import { createHash } from 'node:crypto';
import type { GreyImage } from './dataset.ts';
import { contentScale, type Fit } from './frame.ts';
import { spreadNarrowRange } from './grey-range.ts';
import type { ImageSize } from './image-size.ts';
import { resampleRows } from './resample.ts';

/** What is kept of every image of a store. */
export interface RasterShape {
  readonly stored: ImageSize;
  readonly fit: Fit;
}

/** What is kept of one image. */
export interface StoredRaster {
  /** `[stored.height, stored.width]`, 0 to 255. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the bytes. */
  readonly hash: string;
}

/** An image as a store keeps it. */
export function storedRaster(image: GreyImage, { stored, fit }: RasterShape): StoredRaster {
  // Rounds and clamps by itself, and much faster than a function for each pixel.
  const clamped = new Uint8ClampedArray(stored.width * stored.height);
  const scale = contentScale(image, stored, fit);
  resampleRows(spreadNarrowRange(image), stored, scale, (values, row) => {
    const start = row * stored.width;
    for (let x = 0; x < values.length; x++) clamped[start + x] = 255 * values[x]!;
  });
  const bytes = new Uint8Array(clamped.buffer);
  return { bytes, hash: createHash('sha256').update(bytes).digest('hex') };
}
