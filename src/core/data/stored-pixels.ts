import { closeSync, readSync } from 'node:fs';
import type { ImageSize } from './image-size.ts';

/** The rasters of a store: in shared memory, or in a file of which one image at a time is read. */
export type StoredPixels =
  | {
      readonly kind: 'memory';
      /** `[images, stored.height, stored.width]`, 0 to 255. */
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: 'file';
      /** Of this process, any of its threads. */
      readonly descriptor: number;
      /** Where in the file each image lies, in images. */
      readonly slots: Int32Array;
    };

/** Rasters of one size. Plain data: a worker thread that it is posted to sees the same pixels. */
export interface PixelStore {
  readonly stored: ImageSize;
  readonly pixels: StoredPixels;
}

/** The raster of an image, `[stored.height, stored.width]`, 0 to 255; not to be written to. */
export function pixelsOf({ stored, pixels }: PixelStore, index: number): Uint8Array {
  const area = stored.width * stored.height;
  if (pixels.kind === 'memory') return pixels.bytes.subarray(index * area, (index + 1) * area);
  return readImage(pixels.descriptor, area, pixels.slots[index]!);
}

/** Gives the store's file back, where it has one. Nothing is read from the store afterwards. */
export function closePixels({ pixels }: PixelStore): void {
  if (pixels.kind === 'file') closeSync(pixels.descriptor);
}

/** @throws {Error} when the file ends before the image does. */
export function readImage(
  descriptor: number,
  area: number,
  slot: number,
  bytes: Uint8Array = new Uint8Array(area),
): Uint8Array {
  for (let read = 0; read < area; ) {
    const more = readSync(descriptor, bytes, read, area - read, slot * area + read);
    if (more === 0) throw new Error(`the file of decoded images ends within image ${slot}`);
    read += more;
  }
  return bytes;
}
