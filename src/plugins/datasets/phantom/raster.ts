import type { Point } from '../../../core/data/dataset.ts';
import { type Affine, around, chain, invert, transformPoint } from '../../../core/data/geometry.ts';

/** A square film, and where the patient lies on it. The patient's coordinates are millimetres, y downwards. */
export interface Film {
  /** Pixels on a side. */
  readonly size: number;
  readonly mmPerPx: number;
  /** Patient millimetres to pixels. */
  readonly toPixels: Affine;
  /** Pixels to patient millimetres. */
  readonly toPatient: Affine;
}

/** A map over the pixels of a film, row by row. */
export interface Raster extends Film {
  readonly values: Float32Array;
}

/**
 * A film of `size` pixels that shows `fieldOfViewMm` on a side.
 * @param placed patient millimetres to millimetres from the film's top left corner; turns, shifts and mirrors only.
 */
export function frameFilm(size: number, fieldOfViewMm: number, placed: Affine): Film {
  const mmPerPx = fieldOfViewMm / size;
  const toPixels = chain(placed, [1 / mmPerPx, 0, -0.5, 0, 1 / mmPerPx, -0.5]);
  return { size, mmPerPx, toPixels, toPatient: invert(toPixels) };
}

/** A turn about a point; clockwise on the film. */
export function turnAbout(centre: Point, degrees: number): Affine {
  const radians = (degrees * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(radians), Math.sin(radians)];
  return around(centre, [cosine, -sine, 0, sine, cosine, 0]);
}

/** An empty map of a film. */
export function blankOf(film: Film): Raster {
  return { ...film, values: new Float32Array(film.size ** 2) };
}

/** An empty map of the same film with pixels `factor` times as wide, for what has no fine detail. */
export function coarsened(film: Film, factor: number): Raster {
  const size = Math.ceil(film.size / factor);
  const shift = 0.5 / factor - 0.5;
  const toPixels = chain(film.toPixels, [1 / factor, 0, shift, 0, 1 / factor, shift]);
  const values = new Float32Array(size * size);
  return { size, mmPerPx: film.mmPerPx * factor, values, toPixels, toPatient: invert(toPixels) };
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

/** A stretch of one row of a film: the place of each pixel in patient millimetres, and what the map holds there. */
export interface RowStretch {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly values: Float32Array;
}

/** Calls `change` for every row of the box. A loop of one's own over the pixels is several times as fast as `addField`. */
export function changeRows(raster: Raster, box: Box, change: (stretch: RowStretch) => void): void {
  const { size } = raster;
  const [a, b, c, d, e, f] = raster.toPatient;
  const { left, top, right, bottom } = pixelBounds(raster, box);
  const count = right - left + 1;
  if (count <= 0) return;
  const [x, y] = [new Float64Array(count), new Float64Array(count)];
  for (let row = top; row <= bottom; row++) {
    for (let i = 0; i < count; i++) {
      x[i] = a * (left + i) + b * row + c;
      y[i] = d * (left + i) + e * row + f;
    }
    const start = row * size + left;
    change({ x, y, values: raster.values.subarray(start, start + count) });
  }
}

/** Adds `thickness(x, y)` (patient millimetres) to each pixel of the box. */
export function addField(raster: Raster, box: Box, thickness: (x: number, y: number) => number): void {
  changeRows(raster, box, ({ x, y, values }) => {
    for (let i = 0; i < values.length; i++) {
      values[i] = (values[i] as number) + thickness(x[i] as number, y[i] as number);
    }
  });
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
