import {
  add,
  concat,
  div,
  mean,
  mul,
  sqrt,
  square,
  stack,
  sub,
  sum,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tensor3d,
} from '@tensorflow/tfjs-core';
import { type Affine, around, invert } from '../data/geometry.ts';
import { transformPoints, type WarpedMaps, warpMaps } from '../nn/layers/warp.ts';
import type { HeadOutput, ModelOutput } from '../nn/model.ts';
import { rowsOf } from './batch-rows.ts';

/** A network in inference mode: `[batch, H, W, 1]` to what it says of each image. */
export type Network = (images: Tensor4D) => ModelOutput;

/** What a network says of images on average over several views of each, in the frame of the plain ones. */
export interface AveragedOutput extends Pick<HeadOutput, 'landmarks' | 'heatmaps'> {
  /** `[batch, landmarks]`: root mean square distance of the views' landmarks to their mean, in pixels of the images. */
  readonly spreadPx: Tensor2D;
}

const ROTATION_DEGREES = 5;
const LOG_SCALE = 0.05;

/**
 * Asks a network also about `count` moved copies of the images, each a little turned and resized about its centre, always
 * the same way. Without mirror images, for which one would have to know which landmarks change sides.
 * @param plain what it said of the images as they are; counts as one of the views.
 */
export function overMovedViews(
  network: Network,
  images: Tensor4D,
  plain: ModelOutput,
  count: number,
): AveragedOutput {
  const [batch, height, width] = images.shape;
  const motions = movements(count, width / height);
  const moved = motions.map((motion) => warpMaps(images, repeated(motion, batch)).maps);
  const output = network(concat(moved, 0));
  const views = motions.map((motion, view) => {
    const rows = rowsOf(output, view * batch, batch);
    return broughtBack(rows, repeated(invert(motion), batch));
  });
  const shapes = stack([plain.landmarks, ...views.map(({ landmarks }) => landmarks)]);
  const landmarks = mean(shapes, 0) as Tensor3D;
  const offsetsPx = mul(sub(shapes, landmarks), [width, height]);
  const spreadPx = sqrt(mean(sum(square(offsetsPx), 3), 0)) as Tensor2D;
  if (plain.heatmaps === undefined) return { landmarks, spreadPx };
  return { landmarks, spreadPx, heatmaps: meanHeatmaps(plain.heatmaps, views) };
}

interface View {
  readonly landmarks: Tensor3D;
  readonly heatmaps?: WarpedMaps;
}

function broughtBack({ landmarks, heatmaps }: ModelOutput, toPlain: Tensor3D): View {
  return {
    landmarks: transformPoints(landmarks, toPlain),
    ...(heatmaps && { heatmaps: warpMaps(heatmaps, toPlain) }),
  };
}

/** At each place over the views that show it. */
function meanHeatmaps(plain: Tensor4D, views: readonly View[]): Tensor4D {
  const warped = views.map(({ heatmaps }) => heatmaps!);
  const total = warped.reduce((sum, { maps, valid }) => add(sum, mul(maps, valid)), plain);
  const shown = warped.reduce((sum, { valid }) => add(sum, valid), warped[0]!.valid.onesLike());
  return div(total, shown);
}

/** Rotations and scales on a circle, so that they average to none. In [0, 1] of an image of this aspect ratio. */
function movements(count: number, aspect: number): Affine[] {
  return Array.from({ length: count }, (_, view) => {
    const turn = 2 * Math.PI * (view / count + 1 / 8);
    const angle = (ROTATION_DEGREES * Math.cos(turn) * Math.PI) / 180;
    const scale = Math.exp(LOG_SCALE * Math.sin(turn));
    const [cosine, sine] = [scale * Math.cos(angle), scale * Math.sin(angle)];
    return around([0.5, 0.5], [cosine, -sine / aspect, 0, sine * aspect, cosine, 0]);
  });
}

/** `[batch, 2, 3]`. */
function repeated(matrix: Affine, batch: number): Tensor3D {
  return tensor3d(Array<Affine>(batch).fill(matrix).flat(), [batch, 2, 3]);
}
