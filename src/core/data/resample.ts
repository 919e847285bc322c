import type { GreyImage } from './dataset.ts';
import type { ImageSize } from './image-size.ts';

/** The source pixels `first … first + weights.length - 1` that make one target pixel. */
interface Taps {
  readonly first: number;
  readonly weights: Float32Array;
}

/**
 * Resamples an image to a raster of `size`, with `scale` target pixels for one of the source and the image at the top
 * left; what it does not reach is 0. A triangle filter as wide as the reduction keeps fine structure from aliasing
 * (bilinear interpolation when enlarging).
 */
export function resample(image: GreyImage, size: ImageSize, scale: { x: number; y: number }): Float32Array {
  const columns = filterTaps(image.width, size.width, scale.x);
  const rows = filterTaps(image.height, size.height, scale.y);
  const narrow = resampleColumns(image, columns);
  const target = new Float32Array(size.width * size.height);
  rows.forEach(({ first, weights }, row) => {
    const start = row * size.width;
    for (let k = 0; k < weights.length; k++) {
      const weight = weights[k]!;
      const from = (first + k) * columns.length;
      for (let x = 0; x < columns.length; x++) target[start + x]! += weight * narrow[from + x]!;
    }
  });
  return target;
}

function resampleColumns(image: GreyImage, columns: readonly Taps[]): Float32Array {
  const { width, height, pixels } = image;
  const narrow = new Float32Array(columns.length * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < columns.length; x++) {
      const { first, weights } = columns[x]!;
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * pixels[y * width + first + k]!;
      narrow[y * columns.length + x] = sum;
    }
  }
  return narrow;
}

/** Taps of each target pixel whose centre lies on the source. */
function filterTaps(source: number, target: number, scale: number): Taps[] {
  const radius = Math.max(1, 1 / scale);
  const covered = Math.min(target, Math.round(source * scale));
  return Array.from({ length: covered }, (_, index) => {
    const centre = (index + 0.5) / scale - 0.5;
    const first = Math.max(0, Math.ceil(centre - radius));
    const last = Math.max(first, Math.min(source - 1, Math.floor(centre + radius)));
    const weights = new Float32Array(last - first + 1);
    for (let k = 0; k < weights.length; k++)
      weights[k] = Math.max(0, 1 - Math.abs(first + k - centre) / radius);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return {
      first,
      weights: sum > 0 ? weights.map((weight) => weight / sum) : weights.fill(1 / weights.length),
    };
  });
}
