import { decodeGrey, IMAGE_FILE, readImageSize } from '../decode.ts';
import { fileFingerprint } from '../file-fingerprint.ts';
import type { ImageFormat } from './image-format.ts';

/** Image files as cameras and scanners write them. */
export function rasterFormat(maxMegapixels: number): ImageFormat {
  return {
    name: 'PNG, JPEG, TIFF or BMP image',
    accepts: (path) => IMAGE_FILE.test(path),
    describe: (path) => readImageSize(path, { maxMegapixels }),
    read: (path) => decodeGrey(path, { maxMegapixels }),
    fingerprint: fileFingerprint,
  };
}
