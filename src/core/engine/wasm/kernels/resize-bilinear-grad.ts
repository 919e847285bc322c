import { ResizeBilinearGrad, type TensorInfo } from '@tensorflow/tfjs-core';
import { allocate, floats } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';

interface Attributes {
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

/** For each place of a resized axis: its two neighbours in the original, and the share of the second. */
interface Neighbours {
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  readonly upperShare: Float64Array;
}

function neighbours(original: number, resized: number, attrs: Attributes): Neighbours {
  const scale = attrs.alignCorners && resized > 1 ? (original - 1) / (resized - 1) : original / resized;
  const result = {
    lower: new Int32Array(resized),
    upper: new Int32Array(resized),
    upperShare: new Float64Array(resized),
  };
  for (let i = 0; i < resized; i++) {
    const place = Math.max(0, attrs.halfPixelCenters ? (i + 0.5) * scale - 0.5 : i * scale);
    const lower = Math.min(original - 1, Math.floor(place));
    result.lower[i] = lower;
    result.upper[i] = Math.min(original - 1, lower + 1);
    result.upperShare[i] = place - lower;
  }
  return result;
}

/** The adjoint of the bilinear resize: each gradient goes, by its weights, to the four pixels that it was mixed from. */
function resizeBilinearGrad({ inputs, attrs, backend }: KernelCall<'images' | 'dy', Attributes>): TensorInfo {
  const [batch, height, width, channels] = inputs.images.shape as [number, number, number, number];
  const [, outHeight, outWidth] = inputs.dy.shape as [number, number, number, number];
  const out = allocate(backend, inputs.images.shape);
  const dy = floats(backend, inputs.dy);
  const dx = floats(backend, out).fill(0);
  const rows = neighbours(height, outHeight, attrs);
  const columns = neighbours(width, outWidth, attrs);
  const mixed = new Float64Array(width * channels);
  const rowLength = outWidth * channels;
  for (let b = 0; b < batch; b++) {
    for (let y = 0; y < outHeight; y++) {
      const start = (b * outHeight + y) * rowLength;
      spreadRow(dy.subarray(start, start + rowLength), columns, channels, mixed);
      const share = rows.upperShare[y] as number;
      addScaled(mixed, 1 - share, dx, (b * height + (rows.lower[y] as number)) * mixed.length);
      addScaled(mixed, share, dx, (b * height + (rows.upper[y] as number)) * mixed.length);
    }
  }
  return out;
}

/** The adjoint of the resize along one row: `dy [outWidth, channels]` -> `row [width, channels]`. */
function spreadRow(dy: Float32Array, columns: Neighbours, channels: number, row: Float64Array): void {
  row.fill(0);
  for (let x = 0, i = 0; x < columns.lower.length; x++) {
    const lower = (columns.lower[x] as number) * channels;
    const upper = (columns.upper[x] as number) * channels;
    const share = columns.upperShare[x] as number;
    for (let c = 0; c < channels; c++, i++) {
      const value = dy[i] as number;
      row[lower + c] = (row[lower + c] as number) + value * (1 - share);
      row[upper + c] = (row[upper + c] as number) + value * share;
    }
  }
}

function addScaled(row: Float64Array, factor: number, target: Float32Array, start: number): void {
  if (factor === 0) return;
  for (let i = 0; i < row.length; i++) {
    target[start + i] = (target[start + i] as number) + (row[i] as number) * factor;
  }
}

export const resizeBilinearGradKernel = wasmKernel(ResizeBilinearGrad, resizeBilinearGrad);
