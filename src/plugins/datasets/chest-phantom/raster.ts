import { type Affine, chain, invert, transformPoint } from '../../../core/data/geometry.ts';

/** The square that a film shows, in millimetres; the patient's coordinates are millimetres in it, y downwards. */
export const FIELD_OF_VIEW_MM = 400;

/** A map over the pixels of a film (row by row), and where the patient lies in it. */
export interface Raster {
  readonly size: number;
  readonly mmPerPx: number;
  readonly values: Float32Array;
  /** Patient millimetres to pixels. */
  readonly toPixels: Affine;
  /** Pixels to patient millimetres. */
  readonly toPatient: Affine;
}

/** An empty map of the same film. */
export function blankLike(raster: Raster): Raster {
  return { ...raster, values: new Float32Array(raster.values.length) };
}

/** An empty map of the same film with pixels `factor` times as wide, for what has no fine detail. */
export function coarsened(raster: Raster, factor: number): Raster {
  const size = Math.ceil(raster.size / factor);
  const shift = 0.5 / factor - 0.5;
  const toPixels = chain(raster.toPixels, [1 / factor, 0, shift, 0, 1 / factor, shift]);
  const values = new Float32Array(size * size);
  return { size, mmPerPx: raster.mmPerPx * factor, values, toPixels, toPatient: invert(toPixels) };
}

/** A box in patient millimetres. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The whole film, and what may turn into it. */
export const EVERYWHERE: Box = { left: -1000, top: -1000, right: 1000, bottom: 1000 };

/** Adds `thickness(x, y, present)` (patient millimetres, and what the map holds there) to each pixel of the box. */
export function addField(
  raster: Raster,
  box: Box,
  thickness: (x: number, y: number, present: number) => number,
): void {
  const { size, values } = raster;
  const [a, b, c, d, e, f] = raster.toPatient;
  const bounds = pixelBounds(raster, box);
  for (let row = bounds.top; row <= bounds.bottom; row++) {
    for (let column = bounds.left; column <= bounds.right; column++) {
      const index = row * size + column;
      const present = values[index] as number;
      values[index] = present + thickness(a * column + b * row + c, d * column + e * row + f, present);
    }
  }
}

function pixelBounds({ size, toPixels }: Raster, { left, top, right, bottom }: Box): Box {
  const corners = [
    transformPoint(toPixels, [left, top]),
    transformPoint(toPixels, [right, top]),
    transformPoint(toPixels, [left, bottom]),
    transformPoint(toPixels, [right, bottom]),
  ];
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  return {
    left: Math.max(0, Math.floor(Math.min(...xs))),
    top: Math.max(0, Math.floor(Math.min(...ys))),
    right: Math.min(size - 1, Math.ceil(Math.max(...xs))),
    bottom: Math.min(size - 1, Math.ceil(Math.max(...ys))),
  };
}
