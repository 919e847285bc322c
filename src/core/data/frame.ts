import { type Affine, invert } from './geometry.ts';
import type { ImageSize } from './image-size.ts';

/** `pad` keeps the aspect ratio, with the image at the top left; `stretch` fills the frame. */
export type Fit = 'pad' | 'stretch';

/**
 * How an original image lies in the network's frame. Pixel `(0, 0)` of the original has its centre half a pixel
 * inside the image, so that frame coordinates measure areas, not pixel centres.
 */
export interface Frame {
  /** From pixel positions of the original image (whole numbers at centres) to the frame [0, 1] x [0, 1]. */
  readonly toFrame: Affine;
  readonly toOriginal: Affine;
}

/** The frame of an image that the network sees at `size` pixels. */
export function frameOf(image: ImageSize, size: ImageSize, fit: Fit): Frame {
  const { x, y } = contentScale(image, size, fit);
  const [perColumn, perRow] = [x / size.width, y / size.height];
  const toFrame: Affine = [perColumn, 0, perColumn / 2, 0, perRow, perRow / 2];
  return { toFrame, toOriginal: invert(toFrame) };
}

/** Pixels of a raster of `size` for one pixel of the image, along x and y. */
export function contentScale(image: ImageSize, size: ImageSize, fit: Fit): { x: number; y: number } {
  const x = size.width / image.width;
  const y = size.height / image.height;
  if (fit === 'stretch') return { x, y };
  return { x: Math.min(x, y), y: Math.min(x, y) };
}
