import type { TensorInfo } from '@tensorflow/tfjs-core';
import {
  SAMPLE_BILINEAR,
  SAMPLE_BILINEAR_MAPS_GRAD,
  SAMPLE_BILINEAR_POINTS_GRAD,
} from '../../ops/sample-bilinear.ts';
import { type KernelCall, webGpuKernel } from '../kernel.ts';
import { integers, runShader } from '../shader.ts';

/** `count` is the number of points of an image. A position that is no number makes shares that are none. */
const PLACES = `
  struct Place {
    first: i32,
    second: i32,
    /** How far it is from the first pixel to the second. */
    share: f32,
    /** What the share grows by when the point does. */
    slope: f32,
  }

  fn placeOf(point: f32, extent: i32) -> Place {
    let pixel = point * f32(extent) - 0.5;
    let inside = clamp(pixel, 0.0, f32(extent - 1));
    let first = clamp(i32(floor(inside)), 0, max(0, extent - 2));
    let share = select(inside - f32(first), uniforms.NAN, isnan(point));
    return Place(first, min(first + 1, extent - 1), share, select(0.0, f32(extent), inside == pixel));
  }

  fn columnOf(point: i32) -> Place { return placeOf(points[2 * point], uniforms.width); }
  fn rowOf(point: i32) -> Place { return placeOf(points[2 * point + 1], uniforms.height); }`;

/** The four pixels around a point: upper left and right, lower left and right. */
const CORNERS = `
  fn mapAt(image: i32, row: i32, column: i32, channel: i32) -> f32 {
    return maps[((image * uniforms.height + row) * uniforms.width + column) * uniforms.channels + channel];
  }

  fn cornersOf(point: i32, row: Place, column: Place, channel: i32) -> vec4<f32> {
    let image = point / uniforms.count;
    return vec4<f32>(
      mapAt(image, row.first, column.first, channel), mapAt(image, row.first, column.second, channel),
      mapAt(image, row.second, column.first, channel), mapAt(image, row.second, column.second, channel));
  }`;

const READ = `${PLACES}${CORNERS}
  fn main(index: i32) {
    if (index >= uniforms.size) { return; }
    let point = index / uniforms.channels;
    let row = rowOf(point);
    let column = columnOf(point);
    let corners = cornersOf(point, row, column, index % uniforms.channels);
    let lines = mix(corners.xz, corners.yw, vec2<f32>(column.share));
    result[index] = mix(lines.x, lines.y, row.share);
  }`;

const MAPS_GRADIENT = `${PLACES}
  fn shareOf(pixel: i32, place: Place) -> f32 {
    return select(0.0, 1.0 - place.share, pixel == place.first) + select(0.0, place.share, pixel == place.second);
  }

  fn main(index: i32) {
    if (index >= uniforms.size) { return; }
    let channel = index % uniforms.channels;
    let x = (index / uniforms.channels) % uniforms.width;
    let line = index / (uniforms.channels * uniforms.width);
    let image = line / uniforms.height;
    var sum = 0.0;
    for (var point = image * uniforms.count; point < (image + 1) * uniforms.count; point++) {
      let share = shareOf(line % uniforms.height, rowOf(point)) * shareOf(x, columnOf(point));
      if (share != 0.0) { sum += share * dy[point * uniforms.channels + channel]; }
    }
    result[index] = sum;
  }`;

const POINTS_GRADIENT = `${PLACES}${CORNERS}
  fn main(index: i32) {
    if (index >= uniforms.size) { return; }
    let point = index / 2;
    let row = rowOf(point);
    let column = columnOf(point);
    var sum = 0.0;
    for (var channel = 0; channel < uniforms.channels; channel++) {
      let corners = cornersOf(point, row, column, channel);
      let across = mix(corners.y - corners.x, corners.w - corners.z, row.share);
      let down = mix(corners.z - corners.x, corners.w - corners.y, column.share);
      sum += dy[point * uniforms.channels + channel] * select(down, across, index % 2 == 0);
    }
    result[index] = sum * select(row.slope, column.slope, index % 2 == 0);
  }`;

type Shape = [batch: number, height: number, width: number, channels: number];

function sampleBilinear({ inputs, backend }: KernelCall<'maps' | 'points', unknown>): TensorInfo {
  const { maps, points } = inputs;
  const [batch, height, width, channels] = maps.shape as Shape;
  const count = points.shape[1] as number;
  return runShader(backend, {
    name: 'sampleBilinear',
    inputs: { maps, points },
    outputShape: [batch, count, channels],
    uniforms: integers({ height, width, channels, count }),
    code: READ,
  });
}

type Extents = Readonly<Record<'height' | 'width', number>>;

function mapsGradient({ inputs, attrs, backend }: KernelCall<'dy' | 'points', Extents>): TensorInfo {
  const { dy, points } = inputs;
  const { height, width } = attrs;
  const [batch, count, channels] = dy.shape as [number, number, number];
  return runShader(backend, {
    name: 'sampleBilinearMapsGrad',
    inputs: { dy, points },
    outputShape: [batch, height, width, channels],
    uniforms: integers({ height, width, channels, count }),
    code: MAPS_GRADIENT,
  });
}

function pointsGradient({ inputs, backend }: KernelCall<'dy' | 'maps' | 'points', unknown>): TensorInfo {
  const { dy, maps, points } = inputs;
  const [, height, width, channels] = maps.shape as Shape;
  const count = points.shape[1] as number;
  return runShader(backend, {
    name: 'sampleBilinearPointsGrad',
    inputs: { dy, maps, points },
    outputShape: points.shape,
    uniforms: integers({ height, width, channels, count }),
    code: POINTS_GRADIENT,
  });
}

export const sampleBilinearKernel = webGpuKernel(SAMPLE_BILINEAR, sampleBilinear);
export const sampleBilinearMapsGradKernel = webGpuKernel(SAMPLE_BILINEAR_MAPS_GRAD, mapsGradient);
export const sampleBilinearPointsGradKernel = webGpuKernel(SAMPLE_BILINEAR_POINTS_GRAD, pointsGradient);
