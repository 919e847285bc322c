import type { TensorInfo } from '@tensorflow/tfjs-core';
import {
  SAMPLE_BILINEAR,
  SAMPLE_BILINEAR_MAPS_GRAD,
  SAMPLE_BILINEAR_POINTS_GRAD,
} from '../../ops/sample-bilinear.ts';
import { allocate, floats } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';

type MapsShape = readonly [batch: number, height: number, width: number, channels: number];

/** Where a point lies along an axis: between two pixels, `share` of the way to the second. */
interface Place {
  readonly first: number;
  readonly second: number;
  readonly share: number;
  /** What `share` grows by when the point does. */
  readonly slope: number;
}

function placeOf(point: number, size: number): Place {
  const pixel = point * size - 0.5;
  const inside = Math.min(Math.max(pixel, 0), size - 1);
  const first = Math.max(0, Math.min(Math.floor(inside), size - 2)) || 0;
  const second = Math.min(first + 1, size - 1);
  return { first, second, share: inside - first, slope: inside === pixel ? size : 0 };
}

/** A point between the four pixels around it. */
interface Site {
  /** Where the channels of each of the four begin. */
  readonly starts: readonly [number, number, number, number];
  readonly x: Place;
  readonly y: Place;
}

/** Calls `visit` for every point `[batch, points, 2]`, numbered in their order. */
function forSites(
  points: Float32Array,
  [batch, height, width, channels]: MapsShape,
  visit: (site: Site, index: number) => void,
): void {
  const count = points.length / 2;
  const perImage = count / batch;
  const area = height * width * channels;
  for (let index = 0; index < count; index++) {
    const x = placeOf(points[2 * index] as number, width);
    const y = placeOf(points[2 * index + 1] as number, height);
    const image = Math.floor(index / perImage) * area;
    const start = (place: Place, column: number) => image + (place.first * width + column) * channels;
    const below = (y.second - y.first) * width * channels;
    const [left, right] = [start(y, x.first), start(y, x.second)];
    visit({ starts: [left, right, left + below, right + below], x, y }, index);
  }
}

/** What each of the four pixels counts. */
function weightsOf({ x, y }: Site): [number, number, number, number] {
  return [(1 - y.share) * (1 - x.share), (1 - y.share) * x.share, y.share * (1 - x.share), y.share * x.share];
}

function sampleBilinear({ inputs, backend }: KernelCall<'maps' | 'points', unknown>): TensorInfo {
  const shape = inputs.maps.shape as unknown as MapsShape;
  const channels = shape[3];
  const out = allocate(backend, [...inputs.points.shape.slice(0, 2), channels]);
  const maps = floats(backend, inputs.maps);
  const read = floats(backend, out);
  forSites(floats(backend, inputs.points), shape, (site, index) => {
    const [a, b, c, d] = site.starts;
    const [wa, wb, wc, wd] = weightsOf(site);
    for (let i = 0; i < channels; i++) {
      read[index * channels + i] =
        wa * maps[a + i]! + wb * maps[b + i]! + wc * maps[c + i]! + wd * maps[d + i]!;
    }
  });
  return out;
}

function mapsGradient({
  inputs,
  attrs,
  backend,
}: KernelCall<'dy' | 'points', { readonly height: number; readonly width: number }>): TensorInfo {
  const [batch, , channels] = inputs.dy.shape as [number, number, number];
  const shape: MapsShape = [batch, attrs.height, attrs.width, channels];
  const out = allocate(backend, shape);
  const dy = floats(backend, inputs.dy);
  const maps = floats(backend, out).fill(0);
  forSites(floats(backend, inputs.points), shape, (site, index) => {
    const weights = weightsOf(site);
    site.starts.forEach((start, corner) => {
      const weight = weights[corner]!;
      for (let i = 0; i < channels; i++) maps[start + i]! += weight * dy[index * channels + i]!;
    });
  });
  return out;
}

function pointsGradient({ inputs, backend }: KernelCall<'dy' | 'maps' | 'points', unknown>): TensorInfo {
  const shape = inputs.maps.shape as unknown as MapsShape;
  const channels = shape[3];
  const out = allocate(backend, inputs.points.shape);
  const dy = floats(backend, inputs.dy);
  const maps = floats(backend, inputs.maps);
  const result = floats(backend, out);
  forSites(floats(backend, inputs.points), shape, ({ starts, x, y }, index) => {
    const [a, b, c, d] = starts.map((start) => {
      let product = 0;
      for (let i = 0; i < channels; i++) product += dy[index * channels + i]! * maps[start + i]!;
      return product;
    }) as [number, number, number, number];
    result[2 * index] = x.slope * (b - a + y.share * (d - c - b + a));
    result[2 * index + 1] = y.slope * (c - a + x.share * (d - b - c + a));
  });
  return out;
}

export const sampleBilinearKernel = wasmKernel(SAMPLE_BILINEAR, sampleBilinear);
export const sampleBilinearMapsGradKernel = wasmKernel(SAMPLE_BILINEAR_MAPS_GRAD, mapsGradient);
export const sampleBilinearPointsGradKernel = wasmKernel(SAMPLE_BILINEAR_POINTS_GRAD, pointsGradient);
