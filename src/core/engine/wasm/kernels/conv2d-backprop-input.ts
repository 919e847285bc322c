import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { Conv2DBackpropInput, type TensorInfo } from '@tensorflow/tfjs-core';
import { convolve } from '../convolve.ts';
import { address, allocate, floats, floatsToBytes, release } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';
import { simdKernels } from '../simd.ts';
import {
  type ConvolutionAttributes,
  type ConvolutionAxis,
  convolutionAxes,
  convolutionGeometry,
} from './convolution-geometry.ts';
import { sliceTensor } from './slice.ts';

interface Attributes extends ConvolutionAttributes {
  readonly inputShape: [number, number, number, number];
}

/**
 * The input pixels, along one axis, that see the same filter taps: every `stride`-th from `first` on. Their gradient is
 * a convolution of dy, stride 1, with those taps turned around.
 */
interface Phase {
  readonly first: number;
  readonly step: number;
  readonly count: number;
  /** First of the taps, which are a stride apart. */
  readonly firstTap: number;
  readonly taps: number;
  /** Zeros around dy. Negative: so many of its rows only saw padding and are left out. */
  readonly padBefore: number;
  readonly padAfter: number;
}

/** Splits an axis of the input into its phases. */
function inputPhases({ input, output, filter, stride, padBefore }: ConvolutionAxis): Phase[] {
  return Array.from({ length: Math.min(stride, input) }, (_, first) => {
    const firstTap = (first + padBefore) % stride;
    const count = Math.ceil((input - first) / stride);
    const taps = Math.max(0, Math.ceil((filter - firstTap) / stride));
    const before = taps - 1 - Math.floor((first + padBefore) / stride);
    const after = count - output - before + taps - 1;
    return { first, step: stride, count, firstTap, taps, padBefore: before, padAfter: after };
  });
}

/** A convolution with the turned filter for each pair of phases; the stock kernel takes one number at a time. */
function conv2dBackpropInput({
  inputs: { dy, filter },
  attrs,
  backend,
}: KernelCall<'dy' | 'filter', Attributes>): TensorInfo {
  const { vertical, horizontal } = convolutionAxes(
    convolutionGeometry(attrs.inputShape, filter.shape, attrs),
  );
  const pairs = inputPhases(vertical).flatMap((rows) =>
    inputPhases(horizontal).map((columns) => ({ rows, columns })),
  );
  const [only] = pairs;
  if (pairs.length === 1 && only !== undefined) return phaseGradient(backend, dy, filter, only);
  const out = allocate(backend, attrs.inputShape);
  if (pairs.some(isEmpty)) floats(backend, out).fill(0);
  for (const pair of pairs) {
    if (isEmpty(pair)) continue;
    const part = phaseGradient(backend, dy, filter, pair);
    scatter(floats(backend, part), pair, floats(backend, out), attrs.inputShape);
    release(backend, part);
  }
  return out;
}

interface PhasePair {
  readonly rows: Phase;
  readonly columns: Phase;
}

function isEmpty({ rows, columns }: PhasePair): boolean {
  return rows.taps === 0 || columns.taps === 0;
}

/** The gradient at one pair of phases, `[batch, rows.count, columns.count, inputChannels]`. */
function phaseGradient(
  backend: BackendWasm,
  dy: TensorInfo,
  filter: TensorInfo,
  { rows, columns }: PhasePair,
): TensorInfo {
  const turned = turnFilter(backend, filter, { rows, columns });
  const seen = crop(backend, dy, rows, columns);
  const gradient = convolve(backend, seen, turned, {
    ...{ outHeight: rows.count, outWidth: columns.count, strideHeight: 1, strideWidth: 1 },
    ...{ padTop: Math.max(0, rows.padBefore), padLeft: Math.max(0, columns.padBefore) },
  });
  release(backend, turned);
  if (seen !== dy) release(backend, seen);
  return gradient;
}

/** dy without what negative padding leaves out; itself when that is nothing. */
function crop(backend: BackendWasm, dy: TensorInfo, rows: Phase, columns: Phase): TensorInfo {
  const [top, bottom, left, right] = [rows.padBefore, rows.padAfter, columns.padBefore, columns.padAfter].map(
    (pad) => Math.max(0, -pad),
  ) as [number, number, number, number];
  if (top + bottom + left + right === 0) return dy;
  const [batch, height, width, channels] = dy.shape as [number, number, number, number];
  const size = [batch, height - top - bottom, width - left - right, channels];
  return sliceTensor(backend, dy, [0, top, left, 0], size);
}

/** Takes the phases' taps out of a filter, last first along both axes, with its channels swapped. */
function turnFilter(backend: BackendWasm, filter: TensorInfo, { rows, columns }: PhasePair): TensorInfo {
  const [, filterWidth, from, to] = filter.shape as [number, number, number, number];
  const turned = allocate(backend, [rows.taps, columns.taps, to, from]);
  const source = address(backend, filter);
  const tapBytes = floatsToBytes(from * to);
  let place = address(backend, turned);
  for (let row = rows.taps - 1; row >= 0; row--) {
    const tapRow = rows.firstTap + row * rows.step;
    for (let column = columns.taps - 1; column >= 0; column--, place += tapBytes) {
      const tap = tapRow * filterWidth + columns.firstTap + column * columns.step;
      simdKernels(backend).transpose(source + tap * tapBytes, from, to, place);
    }
  }
  return turned;
}

function scatter(
  part: Float32Array,
  { rows, columns }: PhasePair,
  out: Float32Array,
  [batch, height, width, channels]: readonly [number, number, number, number],
): void {
  let source = 0;
  const skip = (columns.step - 1) * channels;
  for (let b = 0; b < batch; b++) {
    for (let y = rows.first; y < height; y += rows.step) {
      let target = ((b * height + y) * width + columns.first) * channels;
      for (let column = 0; column < columns.count; column++, target += skip) {
        for (let c = 0; c < channels; c++) out[target++] = part[source++] as number;
      }
    }
  }
}

export const conv2dBackpropInputKernel = wasmKernel(Conv2DBackpropInput, conv2dBackpropInput);
