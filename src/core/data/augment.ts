import { Random } from '../random.ts';
import type { Augmentation } from './augmentation.ts';
import type { Point } from './dataset.ts';
import { combineFields, type DisplacementField, displacedTo, displacementsOfRow } from './displacement.ts';
import { type Affine, around, chain, IDENTITY, invert, transformPoint } from './geometry.ts';
import type { ImageSize } from './image-size.ts';
import type { ImageStore } from './image-store.ts';
import { pixelsOf } from './stored-pixels.ts';

/** How a view lies to the frame of its image. */
export interface ViewGeometry {
  /** From the frame [0, 1] x [0, 1] to the view [0, 1] x [0, 1]. */
  readonly matrix: Affine;
  /** True when landmark i of the view is landmark `store.mirrored[i]` of the image. */
  readonly mirrored: boolean;
  /** In [0, 1] of the view, after the matrix. */
  readonly field?: DisplacementField;
}

/** An image as the network gets it: standardised pixels `[height, width]`, row by row. */
export interface View extends ViewGeometry {
  readonly pixels: Float32Array;
}

/** Added to the deviation, so that an empty image stays finite. */
const STANDARDISATION_FLOOR = 1e-3;

/**
 * A view of a stored image: the pipeline's geometry as one bilinear warp (0 outside the image), then its intensities
 * in order, then standardisation. An empty pipeline gives the plain image.
 * @param donors the images that lend their grey values to augmentations; the image itself when left out.
 * @param pixels where to write, `[size.height, size.width]`.
 */
export function makeView(
  store: ImageStore,
  index: number,
  pipeline: readonly Augmentation[],
  random: Random,
  donors: readonly number[] = [index],
  pixels = new Float32Array(store.size.width * store.size.height),
): View {
  const { width, height } = store.size;
  const geometry = drawGeometry(pipeline, store.size, random);
  warp(store, index, geometry, pixels);
  const other = (draw: Random) => pixelsOf(store, donors[draw.integer(0, donors.length - 1)]!);
  for (const augmentation of pipeline) augmentation.intensity?.({ width, height, pixels }, random, other);
  standardise(pixels);
  return { pixels, ...geometry };
}

/** The image as it is, standardised. */
export function plainView(store: ImageStore, index: number): View {
  return makeView(store, index, [], new Random('no variation'));
}

/** Where a view shows a point of the frame. */
export function placeInView({ matrix, field }: ViewGeometry, point: Point): Point {
  const placed = transformPoint(matrix, point);
  return field === undefined ? placed : displacedTo(field, placed);
}

function drawGeometry(pipeline: readonly Augmentation[], size: ImageSize, random: Random): ViewGeometry {
  let matrix = IDENTITY;
  let mirrored = false;
  const fields: DisplacementField[] = [];
  for (const augmentation of pipeline) {
    const change = augmentation.geometry?.(random);
    const field = augmentation.displacement?.(random);
    if (field !== undefined) fields.push(field);
    if (change === undefined) continue;
    matrix = chain(matrix, change.matrix);
    mirrored = mirrored !== change.mirrored;
  }
  const field = combineFields(fields, size);
  return { matrix: inFrame(matrix, size), mirrored, ...(field === undefined ? {} : { field }) };
}

/** A matrix in square units of the longer side, as one of the frame [0, 1] x [0, 1]. */
function inFrame(matrix: Affine, { width, height }: ImageSize): Affine {
  if (width === height || matrix === IDENTITY) return matrix;
  const longer = Math.max(width, height);
  const toSquare = around([0.5, 0.5], [width / longer, 0, 0, 0, height / longer, 0]);
  return chain(chain(toSquare, matrix), invert(toSquare));
}

/** Samples a stored image at the places that the geometry carries to the centres of the view's pixels. */
function warp(store: ImageStore, index: number, { matrix, field }: ViewGeometry, view: Float32Array): void {
  const { size, stored } = store;
  const [a, b, c, d, e, f] = viewPixelToStored(matrix, size, stored);
  const source = pixelsOf(store, index);
  const shifts = new Float32Array(size.width * 2);
  for (let row = 0, target = 0; row < size.height; row++) {
    if (field !== undefined) displacementsOfRow(field, (row + 0.5) / size.height, shifts);
    for (let column = 0; column < size.width; column++, target++) {
      const u = column + shifts[column * 2]! * size.width;
      const v = row + shifts[column * 2 + 1]! * size.height;
      const x = a * u + b * v + c;
      const y = d * u + e * v + f;
      view[target] = sampleBilinear(source, stored.width, stored.height, x, y) / 255;
    }
  }
}

/** From pixel indices of the view to pixel indices of the stored raster. */
function viewPixelToStored(matrix: Affine, size: ImageSize, stored: ImageSize): Affine {
  const toView: Affine = [1 / size.width, 0, 0.5 / size.width, 0, 1 / size.height, 0.5 / size.height];
  const toStored: Affine = [stored.width, 0, -0.5, 0, stored.height, -0.5];
  return chain(chain(toView, invert(matrix)), toStored);
}

function sampleBilinear(source: Uint8Array, width: number, height: number, x: number, y: number): number {
  const left = Math.floor(x);
  const top = Math.floor(y);
  if (left < -1 || top < -1 || left >= width || top >= height) return 0;
  const u = x - left;
  const v = y - top;
  const at = top * width + left;
  if (left >= 0 && top >= 0 && left < width - 1 && top < height - 1) {
    const upper = source[at]! * (1 - u) + source[at + 1]! * u;
    const lower = source[at + width]! * (1 - u) + source[at + width + 1]! * u;
    return upper * (1 - v) + lower * v;
  }
  const pixel = (dx: number, dy: number) => {
    const inside = left + dx >= 0 && left + dx < width && top + dy >= 0 && top + dy < height;
    return inside ? source[at + dy * width + dx]! : 0;
  };
  const upper = pixel(0, 0) * (1 - u) + pixel(1, 0) * u;
  const lower = pixel(0, 1) * (1 - u) + pixel(1, 1) * u;
  return upper * (1 - v) + lower * v;
}

/** Brings an image to mean 0 and deviation 1, in place. */
function standardise(pixels: Float32Array): void {
  let sum = 0;
  for (let i = 0; i < pixels.length; i++) sum += pixels[i]!;
  const mean = sum / pixels.length;
  let squares = 0;
  for (let i = 0; i < pixels.length; i++) squares += (pixels[i]! - mean) ** 2;
  const scale = 1 / (Math.sqrt(squares / pixels.length) + STANDARDISATION_FLOOR);
  for (let i = 0; i < pixels.length; i++) pixels[i] = (pixels[i]! - mean) * scale;
}
