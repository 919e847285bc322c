import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { backend_util, Slice, SplitV, slice_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { allocate } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';

/** Copies a box out of a tensor. The stock kernel copies the whole tensor first, for every slice of it. */
export function sliceTensor(
  backend: BackendWasm,
  x: TensorInfo,
  begin: readonly number[],
  size: readonly number[],
): TensorInfo {
  const out = allocate(backend, size, x.dtype);
  const source = backend.typedArrayFromHeap(x);
  const target = backend.typedArrayFromHeap(out);
  const strides = [...util.computeStrides(x.shape), 1];
  const solid = firstSolidAxis(x.shape, size);
  const length = util.sizeFromShape(size.slice(solid));
  if (length === 0) return out;
  const copy = (axis: number, from: number, to: number): number => {
    const start = from + (begin[axis] ?? 0) * (strides[axis] as number);
    if (axis >= solid) {
      copyRun(source, start, length, target, to);
      return to + length;
    }
    let end = to;
    for (let i = 0; i < (size[axis] as number); i++) {
      end = copy(axis + 1, start + i * (strides[axis] as number), end);
    }
    return end;
  };
  copy(0, 0, 0);
  return out;
}

/** From this axis on, the box is one run of numbers: only the axis itself may be cut. */
function firstSolidAxis(shape: readonly number[], size: readonly number[]): number {
  let axis = Math.max(0, shape.length - 1);
  while (axis > 0 && size[axis] === shape[axis]) axis--;
  return axis;
}

/** Below this length a loop is faster than `subarray` and `set`. */
const SHORT_RUN = 48;

type Numbers = ReturnType<BackendWasm['typedArrayFromHeap']>;

function copyRun(source: Numbers, start: number, length: number, target: Numbers, to: number): void {
  if (length > SHORT_RUN) {
    target.set(source.subarray(start, start + length), to);
    return;
  }
  for (let i = 0; i < length; i++) target[to + i] = source[start + i] as number;
}

function slice({
  inputs: { x },
  attrs,
  backend,
}: KernelCall<'x', { begin: number[]; size: number[] }>): TensorInfo {
  const [begin, size] = slice_util.parseSliceParams(x as never, attrs.begin, attrs.size);
  slice_util.assertParamsValid(x as never, begin as number[], size as number[]);
  return sliceTensor(backend, x, begin as number[], size as number[]);
}

interface SplitAttributes {
  readonly numOrSizeSplits: number | number[];
  readonly axis: number;
}

function splitV({ inputs: { x }, attrs, backend }: KernelCall<'x', SplitAttributes>): TensorInfo[] {
  const axis = util.parseAxisParam(attrs.axis, x.shape)[0] as number;
  const sizes = backend_util.prepareSplitSize(x as never, attrs.numOrSizeSplits, axis);
  let start = 0;
  return sizes.map((extent) => {
    const begin = x.shape.map((_, i) => (i === axis ? start : 0));
    start += extent;
    return sliceTensor(backend, x, begin, x.shape.with(axis, extent));
  });
}

export const sliceKernel = wasmKernel(Slice, slice);
export const splitKernel = wasmKernel(SplitV, splitV);
