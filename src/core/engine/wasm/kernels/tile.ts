import { type backend_util, type TensorInfo, Tile, util } from '@tensorflow/tfjs-core';
import { allocate } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';

/** The stock kernel works out every element's position from its index. */
function tile({ inputs: { x }, attrs: { reps }, backend }: KernelCall<'x', { reps: number[] }>): TensorInfo {
  const shape = x.shape.map((extent, axis) => extent * (reps[axis] as number));
  const out = allocate(backend, shape, x.dtype);
  const source = backend.typedArrayFromHeap(x);
  const target = backend.typedArrayFromHeap(out);
  const sizes = [...x.shape.keys(), x.shape.length].map((axis) => util.sizeFromShape(x.shape.slice(axis)));
  const solidAxis = reps.findLastIndex((count) => count !== 1) + 1;
  const solidSize = sizes[solidAxis] as number;
  // Writes the block of x that begins at `from` with all its repetitions along `axis` and later ones.
  const write = (axis: number, from: number, to: number): number => {
    if (axis === solidAxis) {
      for (let i = 0; i < solidSize; i++) target[to + i] = source[from + i] as number;
      return to + solidSize;
    }
    let end = to;
    for (let i = 0; i < (x.shape[axis] as number); i++) {
      end = write(axis + 1, from + i * (sizes[axis + 1] as number), end);
    }
    repeat(target, to, end - to, reps[axis] as number);
    return to + (end - to) * (reps[axis] as number);
  };
  if (target.length > 0) write(0, 0, 0);
  return out;
}

/** Repeats the run of `length` numbers at `start` until it stands there `count` times, doubling what is copied. */
function repeat(target: backend_util.TypedArray, start: number, length: number, count: number): void {
  for (let done = length; done < length * count; done *= 2) {
    target.copyWithin(start + done, start, start + Math.min(done, length * count - done));
  }
}

export const tileKernel = wasmKernel(Tile, tile);
