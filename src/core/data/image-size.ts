import { DataError } from '../errors.ts';

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Refuses an image before memory for its pixels is taken.
 * @throws {DataError} FSX_IMAGE_UNREADABLE without pixels, FSX_IMAGE_TOO_LARGE with too many.
 */
export function checkImageSize(path: string, { width, height }: ImageSize, maxMegapixels: number): void {
  if (!(width > 0 && height > 0)) {
    throw new DataError('FSX_IMAGE_UNREADABLE', `${path} has no pixels (${width} x ${height})`);
  }
  if (width * height > maxMegapixels * 1e6) {
    throw new DataError(
      'FSX_IMAGE_TOO_LARGE',
      `${path} has ${width} x ${height} pixels, more than ${maxMegapixels} megapixels`,
      { suggestion: 'Make it smaller, or raise maxMegapixels.' },
    );
  }
}
