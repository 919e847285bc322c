import { Equal, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { allocate } from '../heap.ts';
import { type KernelCall, runStock, stockKernel, wasmKernel } from '../kernel.ts';

const stock = stockKernel(Equal);

/**
 * Numbers with what they were reduced to along some neighbouring axes, which are kept, as the gradient of a maximum
 * compares them. The stock kernel, for all else, works out every element's position from its index.
 */
function equal(call: KernelCall<'a' | 'b', unknown>): TensorInfo {
  const {
    inputs: { a, b },
    backend,
  } = call;
  const run = reducedRun(a.shape, b.shape);
  if (run === undefined) return runStock(stock, call, {});
  const out = allocate(backend, a.shape, 'bool');
  const [many, few, same] = [a, b, out].map((tensor) => backend.typedArrayFromHeap(tensor)) as [
    Float32Array,
    Float32Array,
    Uint8Array,
  ];
  const { count, inner } = run;
  for (let start = 0, i = 0; start < few.length; start += inner) {
    for (let k = 0; k < count; k++) {
      for (let j = start; j < start + inner; j++, i++) same[i] = many[i] === few[j] ? 1 : 0;
    }
  }
  return out;
}

/** The axes that are 1 in the second shape alone, as `[.., count, inner]`; undefined when they are not neighbours. */
function reducedRun(
  shape: readonly number[],
  reduced: readonly number[],
): { count: number; inner: number } | undefined {
  if (shape.length !== reduced.length) return;
  const differs = shape.map((extent, axis) => extent !== reduced[axis]);
  const [first, end] = [differs.indexOf(true), differs.lastIndexOf(true) + 1];
  if (first < 0 || reduced.slice(first, end).some((extent) => extent !== 1)) return;
  return { count: util.sizeFromShape(shape.slice(first, end)), inner: util.sizeFromShape(shape.slice(end)) };
}

export const equalKernel = wasmKernel(Equal, equal, stock);
