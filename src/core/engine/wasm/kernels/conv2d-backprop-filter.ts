import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { Conv2DBackpropFilter, type TensorInfo } from '@tensorflow/tfjs-core';
import { address, allocate, floats, release } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';
import { floatsToBytes, withRightMatrix } from '../matrix-product.ts';
import {
  type ConvolutionAttributes,
  type ConvolutionAxis,
  convolutionAxes,
  convolutionGeometry,
} from './convolution-geometry.ts';

interface Attributes extends ConvolutionAttributes {
  readonly filterShape: [number, number, number, number];
}

/**
 * One axis of a grid on which every filter tap sees the same matrix from another address. It has room for the outputs
 * and for how far the taps reach beyond them; an input that is read with a stride is laid out once per phase.
 */
interface GridAxis extends ConvolutionAxis {
  readonly size: number;
  readonly phases: number;
}

interface Grid {
  readonly batch: number;
  readonly vertical: GridAxis;
  readonly horizontal: GridAxis;
  /** Places of the grid over the whole batch. */
  readonly places: number;
}

/**
 * `dW[r, c] = x(shifted by r, c)^T dy`: one matrix product a tap. The input lies channel first on the grid, so that
 * shifting it is adding to its address, and dy lies on the same grid with zeros where it has no value.
 */
function conv2dBackpropFilter({
  inputs: { x, dy },
  attrs,
  backend,
}: KernelCall<'x' | 'dy', Attributes>): TensorInfo {
  const grid = shiftGrid(x, attrs);
  const out = allocate(backend, attrs.filterShape);
  const planes = layOutInput(backend, x, grid);
  const onGrid = layOutGradient(backend, dy, grid);
  multiplyTaps(backend, { planes, dy: onGrid, out }, grid, attrs.filterShape);
  release(backend, planes);
  if (onGrid !== dy) release(backend, onGrid);
  return out;
}

function shiftGrid(x: TensorInfo, attrs: Attributes): Grid {
  const geometry = convolutionGeometry(x.shape, attrs.filterShape, attrs);
  const axes = convolutionAxes(geometry);
  const [vertical, horizontal] = [axes.vertical, axes.horizontal].map((axis) => ({
    ...axis,
    size: axis.output + Math.floor((axis.filter - 1) / axis.stride),
    phases: Math.min(axis.stride, axis.filter),
  })) as [GridAxis, GridAxis];
  const batch = geometry.batchSize;
  return { batch, vertical, horizontal, places: batch * vertical.size * horizontal.size };
}

/** How many places later than the first one of its phase a tap reads. */
function tapShift({ vertical, horizontal }: Grid, row: number, column: number): number {
  return Math.floor(row / vertical.stride) * horizontal.size + Math.floor(column / horizontal.stride);
}

/** `x [batch, height, width, channels]` as `[phases, channels, places]`, and room for the last tap to read beyond. */
function layOutInput(backend: BackendWasm, x: TensorInfo, grid: Grid): TensorInfo {
  const { vertical, horizontal, places } = grid;
  const channels = x.shape[3] as number;
  const size = vertical.phases * horizontal.phases * channels * places;
  const slack = tapShift(grid, vertical.filter - 1, horizontal.filter - 1);
  const planes = allocate(backend, [size + slack]);
  const source = floats(backend, x);
  const target = floats(backend, planes);
  for (let row = 0; row < vertical.phases; row++) {
    for (let column = 0; column < horizontal.phases; column++) {
      const start = (row * horizontal.phases + column) * channels * places;
      layOutPhase(source, channels, grid, [row, column], target.subarray(start, start + channels * places));
    }
  }
  target.fill(0, size);
  return planes;
}

function layOutPhase(
  x: Float32Array,
  channels: number,
  { batch, vertical, horizontal, places }: Grid,
  [rowPhase, columnPhase]: readonly [number, number],
  planes: Float32Array,
): void {
  const step = horizontal.stride * channels;
  const inside = placesInside(horizontal, columnPhase);
  for (let b = 0; b < batch; b++) {
    for (let gridRow = 0; gridRow < vertical.size; gridRow++) {
      const y = vertical.stride * gridRow + rowPhase - vertical.padBefore;
      const row = (b * vertical.size + gridRow) * horizontal.size;
      const seen = y >= 0 && y < vertical.input ? inside : { start: 0, end: 0 };
      const firstPixel = (b * vertical.input + y) * horizontal.input + columnPhase - horizontal.padBefore;
      for (let c = 0; c < channels; c++) {
        const target = c * places + row;
        let source = firstPixel * channels + c + seen.start * step;
        planes.fill(0, target, target + seen.start);
        for (let place = seen.start; place < seen.end; place++, source += step) {
          planes[target + place] = x[source] as number;
        }
        planes.fill(0, target + seen.end, target + horizontal.size);
      }
    }
  }
}

/** The places along an axis whose pixel, in this phase, lies inside the input. */
function placesInside(axis: GridAxis, phase: number): { start: number; end: number } {
  const clamp = (place: number) => Math.min(axis.size, Math.max(0, place));
  const start = clamp(Math.ceil((axis.padBefore - phase) / axis.stride));
  const end = clamp(Math.floor((axis.input - 1 + axis.padBefore - phase) / axis.stride) + 1);
  return { start, end: Math.max(start, end) };
}

/** dy with zeros at the places of the grid that are no output; itself when there are none. */
function layOutGradient(backend: BackendWasm, dy: TensorInfo, grid: Grid): TensorInfo {
  const { batch, vertical, horizontal, places } = grid;
  if (vertical.size === vertical.output && horizontal.size === horizontal.output) return dy;
  const channels = dy.shape[3] as number;
  const padded = allocate(backend, [places, channels]);
  const source = floats(backend, dy);
  const target = floats(backend, padded);
  target.fill(0);
  const length = horizontal.output * channels;
  for (let b = 0; b < batch; b++) {
    for (let y = 0; y < vertical.output; y++) {
      const from = (b * vertical.output + y) * length;
      const to = (b * vertical.size + y) * horizontal.size * channels;
      target.set(source.subarray(from, from + length), to);
    }
  }
  return padded;
}

function multiplyTaps(
  backend: BackendWasm,
  { planes, dy, out }: { planes: TensorInfo; dy: TensorInfo; out: TensorInfo },
  grid: Grid,
  [filterHeight, filterWidth, from, to]: readonly [number, number, number, number],
): void {
  const { vertical, horizontal, places } = grid;
  const right = { address: address(backend, dy), rows: places, columns: to };
  withRightMatrix(backend, right, (multiply) => {
    for (let row = 0; row < filterHeight; row++) {
      for (let column = 0; column < filterWidth; column++) {
        const phase = (row % vertical.stride) * horizontal.phases + (column % horizontal.stride);
        const start = phase * from * places + tapShift(grid, row, column);
        const tap = row * filterWidth + column;
        multiply(
          address(backend, planes) + floatsToBytes(start),
          from,
          address(backend, out) + floatsToBytes(tap * from * to),
        );
      }
    }
  });
}

export const conv2dBackpropFilterKernel = wasmKernel(Conv2DBackpropFilter, conv2dBackpropFilter);
