import { createHash } from 'node:crypto';
import type { GreyImage } from './dataset.ts';
import { contentScale, type Fit } from './frame.ts';
import type { ImageSize } from './image-size.ts';
import { resampleRows } from './resample.ts';

/** A film that uses less of the grey range than this (12 bits in a 16-bit file) is spread over all of it. */
const NARROW_RANGE = 0.25;

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

/** The image as it is stored: a range that leaves most of the format's unused is spread over all of it. */
export function spreadNarrowRange(image: GreyImage): GreyImage {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  const { pixels } = image;
  for (let i = 0; i < pixels.length; i++) {
    const value = pixels[i]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const range = high - low;
  if (range >= NARROW_RANGE || range < 1e-6) return image;
  return { ...image, pixels: pixels.map((value) => (value - low) / range) };
}
