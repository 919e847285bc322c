import {
  add,
  cast,
  expandDims,
  greater,
  less,
  logicalAnd,
  matMul,
  min,
  mul,
  range,
  reshape,
  squeeze,
  stack,
  sub,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tile,
  transpose,
} from '@tensorflow/tfjs-core';
import { sampleBilinear } from '../engine/ops/sample-bilinear.ts';
import { inverseMatrices, transformPoints, type WarpedMaps, warpMaps } from '../nn/layers/warp.ts';
import { withoutGradient } from './without-gradient.ts';

/** How the strong views of a batch lie to the weak views of the same images. */
export interface ViewChange {
  /** `[batch, 2, 3]`: carries a point of the weak view, in [0, 1], to the strong view before its displacement. */
  readonly weakToStrong: Tensor3D;
  /** `[batch, landmarks, landmarks]`: row i has its 1 at the weak-view landmark that is landmark i of the strong view. */
  readonly permutation: Tensor3D;
  /**
   * `[batch, nodes, nodes, 2]`: what the strong view shows at `v` lay at `v + d(v)` before the displacement. Left out
   * where no augmentation makes one. See `data/displacement.ts`.
   */
  readonly displacement?: Tensor4D;
}

/** Fixed-point steps that find where a displacement takes a point: to 1e-4 of the image for its usual steepness. */
const INVERSION_STEPS = 8;

/** Landmarks `[batch, landmarks, 2]` of the weak view, renamed where the strong view is mirrored, and carried along. */
export function landmarksIntoStrongView(landmarks: Tensor3D, change: ViewChange): Tensor3D {
  return pointsIntoStrongView(matMul(change.permutation, landmarks), change);
}

/** What is known `[batch, landmarks]` of each landmark of the weak view, under its name in the strong view. */
export function renamedInStrongView(values: Tensor2D, { permutation }: ViewChange): Tensor2D {
  return squeeze(matMul(permutation, expandDims(values, 2)), [2]);
}

/** Points `[batch, points, 2]` of the weak view, in the strong view. */
export function pointsIntoStrongView(points: Tensor3D, change: ViewChange): Tensor3D {
  const moved = transformPoints(points, change.weakToStrong);
  const { displacement } = change;
  if (displacement === undefined) return moved;
  let place = moved;
  for (let step = 0; step < INVERSION_STEPS; step++) place = sub(moved, shiftAt(displacement, place));
  return place;
}

/** Landmarks `[batch, landmarks, 2]` of the strong view, in the weak view and under their names there. */
export function landmarksIntoWeakView(landmarks: Tensor3D, change: ViewChange): Tensor3D {
  return matMul(change.permutation, pointsIntoWeakView(landmarks, change), true);
}

/** Points `[batch, points, 2]` of the strong view, in the weak view. */
function pointsIntoWeakView(points: Tensor3D, { weakToStrong, displacement }: ViewChange): Tensor3D {
  const before = displacement === undefined ? points : add(points, shiftAt(displacement, points));
  return transformPoints(before as Tensor3D, inverseMatrices(weakToStrong));
}

/** Carries maps `[batch, height, width, channels]` of the weak view into the strong view. */
export type MapCarrier = (maps: Tensor4D, change: ViewChange) => WarpedMaps;

/** By a warp of the image. Gives no gradient. */
export const mapsIntoStrongView: MapCarrier = (maps, change) => {
  const moved = warpMaps(maps, change.weakToStrong);
  const { displacement } = change;
  if (displacement === undefined) return moved;
  const [batch, height, width] = maps.shape;
  const centres = tile(pixelCentres(height, width), [batch, 1, 1]) as Tensor3D;
  const sources = add(centres, shiftAt(displacement, centres)) as Tensor3D;
  const read = (source: Tensor4D) =>
    reshape(sampleBilinear(source, sources), [batch, height, width, source.shape[3]]) as Tensor4D;
  const inside = reshape(insideImage(sources), [batch, height, width, 1]);
  const known = cast(greater(read(moved.valid), 0.999), 'float32');
  return { maps: read(moved.maps), valid: mul(known, inside) };
};

/** By reading every place of the maps: slower and larger, and with a gradient. */
export const readIntoStrongView: MapCarrier = (maps, change) => {
  const [batch, height, width, channels] = maps.shape;
  const centres = tile(pixelCentres(height, width), [batch, 1, 1]) as Tensor3D;
  const sources = pointsIntoWeakView(centres, change);
  return {
    maps: reshape(sampleBilinear(maps, sources), [batch, height, width, channels]),
    valid: reshape(insideImage(sources), [batch, height, width, 1]),
  };
};

/** Heatmaps `[batch, height, width, landmarks]` likewise, their channels renamed where the strong view is mirrored. */
export function heatmapsIntoStrongView(
  heatmaps: Tensor4D,
  change: ViewChange,
  carry: MapCarrier = mapsIntoStrongView,
): WarpedMaps {
  const [batch, height, width, landmarks] = heatmaps.shape;
  const rows = reshape(heatmaps, [batch, height * width, landmarks]) as Tensor3D;
  const renamed = matMul(rows, transpose(change.permutation, [0, 2, 1]));
  return carry(reshape(renamed, [batch, height, width, landmarks]), change);
}

/** `[batch, points]`: 1 where the point `[batch, points, 2]` lies in the image. Gives no gradient. */
export const insideImage = withoutGradient((points: Tensor3D): Tensor2D => {
  const inside = cast(logicalAnd(greater(points, 0), less(points, 1)), 'float32');
  return min(inside, 2);
});

/** The displacement at places of the strong view. Nodes lie on the edges, where pixels lie half a pixel inside. */
function shiftAt(displacement: Tensor4D, places: Tensor3D): Tensor3D {
  const nodes = displacement.shape[1];
  const asPixels = add(mul(places, (nodes - 1) / nodes), 0.5 / nodes) as Tensor3D;
  return sampleBilinear(displacement, asPixels);
}

/** `[1, height width, 2]`: where the pixels' centres lie, row by row. */
function pixelCentres(height: number, width: number): Tensor3D {
  const along = (size: number) => mul(add(range(0, size, 1, 'float32'), 0.5), 1 / size);
  const x = tile(reshape(along(width), [1, width]), [height, 1]);
  const y = tile(reshape(along(height), [height, 1]), [1, width]);
  return reshape(stack([x, y], 2), [1, height * width, 2]);
}
