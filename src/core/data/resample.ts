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
  const target = new Float32Array(size.width * size.height);
  resampleRows(image, size, scale, (values, row) => target.set(values, row * size.width));
  return target;
}

/**
 * The same row by row, for whoever needs no raster of floats: memory of that size costs more than the arithmetic.
 * @param take gets the rows that the image reaches, as far as it reaches; the values are those of the next row afterwards.
 */
export function resampleRows(
  image: GreyImage,
  size: ImageSize,
  scale: { x: number; y: number },
  take: (values: Float32Array, row: number) => void,
): void {
  const columns = filterTaps(image.width, size.width, scale.x);
  const rows = filterTaps(image.height, size.height, scale.y);
  const heldRows = rows.reduce((most, { weights }) => Math.max(most, weights.length), 1);
  const held = Array.from({ length: heldRows }, () => new Float32Array(columns.length));
  const values = new Float32Array(columns.length);
  let nextSource = 0;
  rows.forEach(({ first, weights }, row) => {
    const end = first + weights.length;
    for (; nextSource < end; nextSource++)
      narrowRow(image, nextSource, columns, held[nextSource % heldRows]!);
    values.fill(0);
    for (const [k, weight] of weights.entries()) addRow(values, weight, held[(first + k) % heldRows]!);
    take(values, row);
  });
}

function narrowRow(image: GreyImage, y: number, columns: readonly Taps[], into: Float32Array): void {
  const { width, pixels } = image;
  for (let x = 0; x < columns.length; x++) {
    const { first, weights } = columns[x]!;
    const from = y * width + first;
    let sum = 0;
    for (let k = 0; k < weights.length; k++) sum += weights[k]! * pixels[from + k]!;
    into[x] = sum;
  }
}

function addRow(values: Float32Array, weight: number, row: Float32Array): void {
  for (let x = 0; x < values.length; x++) values[x]! += weight * row[x]!;
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
