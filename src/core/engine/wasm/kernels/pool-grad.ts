import { AvgPoolGrad, backend_util, MaxPoolGrad, type TensorInfo } from '@tensorflow/tfjs-core';
import { allocate, floats } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';

interface Attributes {
  readonly filterSize: number | [number, number];
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Shape4D = [number, number, number, number];

/** Sends the gradient of one output number to where it came from: the window's pixels, at one channel. */
type Spread = (gradient: number, pixels: readonly number[], channel: number) => void;

/** Calls `spread` for every number of dy, with where the pixels of its window begin in the flat input. */
function forEachWindow(dy: Float32Array, pool: backend_util.Conv2DInfo, spread: Spread): void {
  let i = 0;
  for (let b = 0; b < pool.batchSize; b++) {
    for (let row = 0; row < pool.outHeight; row++) {
      for (let column = 0; column < pool.outWidth; column++) {
        const pixels = windowPixels(pool, b, row, column);
        for (let c = 0; c < pool.inChannels; c++, i++) spread(dy[i] as number, pixels, c);
      }
    }
  }
}

function poolGeometry(shape: readonly number[], attrs: Attributes): backend_util.Conv2DInfo {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  return backend_util.computePool2DInfo(shape as Shape4D, filterSize, strides, 1, pad, dimRoundingMode);
}

/** To the first largest input of the window. The stock kernel returns wrong numbers. */
function maxPoolGrad({ inputs, attrs, backend }: KernelCall<'dy' | 'input', Attributes>): TensorInfo {
  const out = allocate(backend, inputs.input.shape);
  const x = floats(backend, inputs.input);
  const dx = floats(backend, out).fill(0);
  forEachWindow(
    floats(backend, inputs.dy),
    poolGeometry(inputs.input.shape, attrs),
    (gradient, pixels, c) => {
      const winner = largest(x, pixels, c);
      dx[winner] = (dx[winner] as number) + gradient;
    },
  );
  return out;
}

/** To all inputs of the window alike. The stock kernel counts padding among them, which the forward one does not. */
function avgPoolGrad({ inputs, attrs, backend }: KernelCall<'dy' | 'input', Attributes>): TensorInfo {
  const out = allocate(backend, inputs.input.shape);
  const dx = floats(backend, out).fill(0);
  forEachWindow(
    floats(backend, inputs.dy),
    poolGeometry(inputs.input.shape, attrs),
    (gradient, pixels, c) => {
      for (const pixel of pixels) dx[pixel + c] = (dx[pixel + c] as number) + gradient / pixels.length;
    },
  );
  return out;
}

/** Where the pixels of a window begin in the flat input. */
function windowPixels(pool: backend_util.Conv2DInfo, batch: number, row: number, column: number): number[] {
  const top = row * pool.strideHeight - pool.padInfo.top;
  const left = column * pool.strideWidth - pool.padInfo.left;
  const pixels: number[] = [];
  for (let y = Math.max(0, top); y < Math.min(pool.inHeight, top + pool.filterHeight); y++) {
    for (let x = Math.max(0, left); x < Math.min(pool.inWidth, left + pool.filterWidth); x++) {
      pixels.push(((batch * pool.inHeight + y) * pool.inWidth + x) * pool.inChannels);
    }
  }
  return pixels;
}

function largest(x: Float32Array, pixels: readonly number[], channel: number): number {
  let best = (pixels[0] as number) + channel;
  for (let k = 1; k < pixels.length; k++) {
    const index = (pixels[k] as number) + channel;
    if ((x[index] as number) > (x[best] as number)) best = index;
  }
  return best;
}

export const avgPoolGradKernel = wasmKernel(AvgPoolGrad, avgPoolGrad);
export const maxPoolGradKernel = wasmKernel(MaxPoolGrad, maxPoolGrad);
