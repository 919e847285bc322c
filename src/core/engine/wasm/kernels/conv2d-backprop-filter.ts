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
  /** Images that are laid out together. */
  readonly images: number;
  readonly vertical: GridAxis;
  readonly horizontal: GridAxis;
  /** Places of the grid over these images. */
  readonly places: number;
}

/** About how many places are multiplied at once, so that XNNPACK packs and reads dy in cache. */
const PLACES_AT_ONCE = 2048;

/**
 * `dW[r, c] = x(shifted by r, c)^T dy`: one matrix product a tap. The input lies channel first on the grid, so that
 * shifting it is adding to its address, and dy lies on the same grid with zeros where it has no value. A few images at
 * a time; their products are added up.
 */
function conv2dBackpropFilter({
  inputs: { x, dy },
  attrs,
  backend,
}: KernelCall<'x' | 'dy', Attributes>): TensorInfo {
  const batch = x.shape[0] as number;
  const whole = shiftGrid(x.shape, attrs, batch);
  const together = Math.max(1, Math.floor((PLACES_AT_ONCE * batch) / whole.places));
  const buffers = allocateBuffers(backend, x, dy, shiftGrid(x.shape, attrs, Math.min(together, batch)));
  const part = allocate(backend, attrs.filterShape);
  const out = allocate(backend, attrs.filterShape);
  floats(backend, out).fill(0);
  for (let first = 0; first < batch; first += together) {
    const grid = shiftGrid(x.shape, attrs, Math.min(together, batch - first));
    layOutInput(floats(backend, x), first, x.shape[3] as number, grid, floats(backend, buffers.planes));
    layOutGradient(floats(backend, dy), first, dy.shape[3] as number, grid, floats(backend, buffers.dy));
    multiplyTaps(backend, { ...buffers, out: part }, grid, attrs.filterShape);
    addTo(floats(backend, out), floats(backend, part));
  }
  for (const tensor of [buffers.planes, buffers.dy, part]) release(backend, tensor);
  return out;
}

function shiftGrid(inputShape: readonly number[], attrs: Attributes, images: number): Grid {
  const axes = convolutionAxes(convolutionGeometry(inputShape, attrs.filterShape, attrs));
  const [vertical, horizontal] = [axes.vertical, axes.horizontal].map((axis) => ({
    ...axis,
    size: axis.output + Math.floor((axis.filter - 1) / axis.stride),
    phases: Math.min(axis.stride, axis.filter),
  })) as [GridAxis, GridAxis];
  return { images, vertical, horizontal, places: images * vertical.size * horizontal.size };
}

interface Buffers {
  /** `[phases, channels, places]`, and room for the last tap to read beyond. */
  readonly planes: TensorInfo;
  /** `[places, outputChannels]`. */
  readonly dy: TensorInfo;
}

function allocateBuffers(backend: BackendWasm, x: TensorInfo, dy: TensorInfo, grid: Grid): Buffers {
  const { vertical, horizontal, places } = grid;
  const planes = vertical.phases * horizontal.phases * (x.shape[3] as number);
  const beyond = tapShift(grid, vertical.filter - 1, horizontal.filter - 1);
  return {
    planes: allocate(backend, [planes * places + beyond]),
    dy: allocate(backend, [places, dy.shape[3] as number]),
  };
}

function addTo(sum: Float32Array, part: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (part[i] as number);
}

/** How many places later than the first one of its phase a tap reads. */
function tapShift({ vertical, horizontal }: Grid, row: number, column: number): number {
  return Math.floor(row / vertical.stride) * horizontal.size + Math.floor(column / horizontal.stride);
}

/** Images of `x [batch, height, width, channels]` from `first` on as `[phases, channels, places]`, then zeros. */
function layOutInput(
  x: Float32Array,
  first: number,
  channels: number,
  grid: Grid,
  planes: Float32Array,
): void {
  const { vertical, horizontal, places } = grid;
  const images = x.subarray(first * vertical.input * horizontal.input * channels);
  const size = channels * places;
  for (let row = 0; row < vertical.phases; row++) {
    for (let column = 0; column < horizontal.phases; column++) {
      const start = (row * horizontal.phases + column) * size;
      layOutPhase(images, channels, grid, [row, column], planes.subarray(start, start + size));
    }
  }
  planes.fill(0, vertical.phases * horizontal.phases * size);
}

function layOutPhase(
  x: Float32Array,
  channels: number,
  { images, vertical, horizontal, places }: Grid,
  [rowPhase, columnPhase]: readonly [number, number],
  planes: Float32Array,
): void {
  const step = horizontal.stride * channels;
  const inside = placesInside(horizontal, columnPhase);
  for (let image = 0; image < images; image++) {
    for (let gridRow = 0; gridRow < vertical.size; gridRow++) {
      const y = vertical.stride * gridRow + rowPhase - vertical.padBefore;
      const row = (image * vertical.size + gridRow) * horizontal.size;
      const seen = y >= 0 && y < vertical.input ? inside : { start: 0, end: 0 };
      const firstPixel = (image * vertical.input + y) * horizontal.input + columnPhase - horizontal.padBefore;
      for (let c = 0; c < channels; c++) {
        const target = c * places + row;
        let source = firstPixel * channels + c + seen.start * step;
        for (let place = 0; place < seen.start; place++) planes[target + place] = 0;
        for (let place = seen.start; place < seen.end; place++, source += step) {
          planes[target + place] = x[source] as number;
        }
        for (let place = seen.end; place < horizontal.size; place++) planes[target + place] = 0;
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

/** dy of the images from `first` on, on the grid, with zeros at the places that are no output. */
function layOutGradient(
  dy: Float32Array,
  first: number,
  channels: number,
  { images, vertical, horizontal }: Grid,
  target: Float32Array,
): void {
  const length = horizontal.output * channels;
  target.fill(0);
  for (let image = 0; image < images; image++) {
    for (let y = 0; y < vertical.output; y++) {
      const from = ((first + image) * vertical.output + y) * length;
      const to = (image * vertical.size + y) * horizontal.size * channels;
      target.set(dy.subarray(from, from + length), to);
    }
  }
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
