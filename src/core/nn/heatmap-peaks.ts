import {
  abs,
  add,
  argMax,
  cast,
  clipByValue,
  concat,
  div,
  floor,
  greater,
  less,
  log,
  logicalAnd,
  matMul,
  maximum,
  mul,
  range,
  relu,
  reshape,
  split,
  sub,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tensor1d,
  tensor2d,
  transpose,
} from '@tensorflow/tfjs-core';

/** Heat below this counts as this: the logarithm of what a network leaves far from a peak says nothing. */
const FLOOR = 1e-3;
/** The flattest peak that is refined: about a Gaussian of 30 pixels. */
const SMALLEST_CURVATURE = 1e-6;
/** Pixels that a landmark may lie from the brightest one. */
const FARTHEST = 1;

const STEPS = [-1, 0, 1];
/**
 * What the least-squares quadratic through 3 x 3 values has in the middle: its first derivatives along x and y, then
 * its second ones along xx, yy and xy; a row for each value.
 */
const DERIVATIVES = STEPS.flatMap((y) =>
  STEPS.map((x) => [x / 6, y / 6, x * x - 2 / 3, y * y - 2 / 3, (x * y) / 4]),
);

/**
 * Landmarks `[batch, landmarks, 2]` at the peaks of heatmaps `[batch, height, width, landmarks]`: the brightest pixel,
 * then one Newton step on the logarithm of the heat, which is a quadratic where the heatmap is a Gaussian (Zhang et al.,
 * DARK, CVPR 2020; derivatives by least squares over 3 x 3 pixels in place of its smoothing). The
 * step is exact for a Gaussian, also beside the border. Gives no gradient.
 */
export function peaksOf(heatmaps: Tensor4D): Tensor3D {
  const [batch, height, width, landmarks] = heatmaps.shape;
  const count = batch * landmarks;
  const maps = reshape(transpose(heatmaps, [0, 3, 1, 2]), [count, height, width]) as Tensor3D;
  const place = cast(argMax(reshape(maps, [count, height * width]), 1), 'float32');
  const row = floor(div(place, width));
  const brightest = columns(sub(place, mul(row, width)), row);
  const centre = columns(inner(sub(place, mul(row, width)), width), inner(row, height));
  const step = newtonStep(log(maximum(around(maps, centre), FLOOR)));
  const moved = clipByValue(sub(add(centre, step.offset), brightest), -FARTHEST, FARTHEST);
  const peak = add(brightest, mul(moved, step.towardsPeak));
  return reshape(div(add(peak, 0.5), tensor1d([width, height])), [batch, landmarks, 2]);
}

/** Two vectors as `[count, 2]`. */
function columns(x: Tensor, y: Tensor): Tensor2D {
  return concat([reshape(x, [-1, 1]), reshape(y, [-1, 1])], 1) as Tensor2D;
}

/** The nearest pixel that has one on either side. */
function inner(position: Tensor, size: number): Tensor {
  return clipByValue(position, 1, Math.max(1, size - 2));
}

/** The 3 x 3 pixels around a place `[count, 2]` of each map: `[count, 9]`, row by row. */
function around(maps: Tensor3D, centre: Tensor2D): Tensor2D {
  const [count, height, width] = maps.shape;
  const [x, y] = split(centre, 2, 1) as [Tensor, Tensor];
  const picking = (position: Tensor, size: number) => {
    const wanted = reshape(add(position, tensor1d(STEPS)), [count, 3, 1]);
    return relu(sub(1, abs(sub(wanted, range(0, size, 1, 'float32')))));
  };
  const rows = matMul(picking(y, height), maps);
  return reshape(matMul(rows, picking(x, width), false, true), [count, 9]);
}

interface NewtonStep {
  /** `[count, 2]`: to where the quadratic has no slope. */
  readonly offset: Tensor;
  /** `[count, 1]`: 1 where that is a peak, 0 where it is a saddle, a valley or flat. */
  readonly towardsPeak: Tensor;
}

/** @param values `[count, 9]`, as `around` gives them. */
function newtonStep(values: Tensor): NewtonStep {
  const derivatives = matMul(values as Tensor2D, tensor2d(DERIVATIVES));
  const [x, y, xx, yy, xy] = split(derivatives, 5, 1) as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const determinant = sub(mul(xx, yy), mul(xy, xy));
  const isPeak = logicalAnd(greater(determinant, SMALLEST_CURVATURE), less(xx, 0));
  const numerators = columns(sub(mul(xy, y), mul(yy, x)), sub(mul(xy, x), mul(xx, y)));
  return {
    offset: div(numerators, maximum(determinant, SMALLEST_CURVATURE)),
    towardsPeak: cast(isPeak, 'float32'),
  };
}
