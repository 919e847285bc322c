import { type TensorInfo, Tile, util } from '@tensorflow/tfjs-core';
import { allocate } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';

/** The stock kernel works out every element's position from its index. */
function tile({ inputs: { x }, attrs: { reps }, backend }: KernelCall<'x', { reps: number[] }>): TensorInfo {
  const shape = x.shape.map((extent, axis) => extent * (reps[axis] as number));
  const out = allocate(backend, shape, x.dtype);
  const source = backend.typedArrayFromHeap(x);
  const target = backend.typedArrayFromHeap(out);
  const sizes = [...x.shape.keys(), x.shape.length].map((axis) => util.sizeFromShape(x.shape.slice(axis)));
  // Writes the block of x that begins at `from` with all its repetitions along `axis` and later ones.
  const write = (axis: number, from: number, to: number): number => {
    if (axis === x.shape.length) {
      target[to] = source[from] as number;
      return to + 1;
    }
    let end = to;
    for (let i = 0; i < (x.shape[axis] as number); i++) {
      end = write(axis + 1, from + i * (sizes[axis + 1] as number), end);
    }
    const length = end - to;
    for (let copy = 1; copy < (reps[axis] as number); copy++, end += length)
      target.copyWithin(end, to, to + length);
    return end;
  };
  if (target.length > 0) write(0, 0, 0);
  return out;
}

export const tileKernel = wasmKernel(Tile, tile);
