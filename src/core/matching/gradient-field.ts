import type { GreyImage } from '../data/dataset.ts';
import { gaussianBlur } from '../data/gaussian-blur.ts';
import type { ImageSize } from '../data/image-size.ts';

/** How an image changes from pixel to pixel, row by row: what is left of it when brightness and contrast are not to count. */
export interface GradientField extends ImageSize {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** Standard deviations of the blur before the derivative and of the surroundings, parts of the longer side. */
const DETAIL = 0.003;
const SURROUNDINGS = 0.03;
/** Changes below this, in grey values of [0, 1] a pixel, are noise: they are not enlarged to the contrast of edges. */
const NOISE = 1 / 255;

/** The gradient of an image, divided by its root mean square in the surroundings of each pixel. */
export function gradientField(image: GreyImage): GradientField {
  const { width, height } = image;
  const side = Math.max(width, height);
  const smooth = { width, height, pixels: image.pixels.slice() };
  gaussianBlur(smooth, DETAIL * side);
  const x = derivative(smooth, width, 1, (index) => index % width);
  const y = derivative(smooth, height, width, (index) => Math.floor(index / width));
  const strength = { width, height, pixels: x.map((value, index) => value * value + y[index]! ** 2) };
  gaussianBlur(strength, SURROUNDINGS * side);
  for (let i = 0; i < x.length; i++) {
    const scale = 1 / Math.sqrt(strength.pixels[i]! + NOISE * NOISE);
    x[i]! *= scale;
    y[i]! *= scale;
  }
  return { width, height, x, y };
}

/** Central differences along an axis of `length` pixels that lie `step` apart; 0 at its ends. */
function derivative(
  { pixels }: GreyImage,
  length: number,
  step: number,
  placeOf: (index: number) => number,
): Float32Array {
  return pixels.map((_, index) => {
    const place = placeOf(index);
    return place === 0 || place === length - 1 ? 0 : (pixels[index + step]! - pixels[index - step]!) / 2;
  });
}
