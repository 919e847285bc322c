import { Mean, Sum, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { allocate, release } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';

interface Attributes {
  readonly axis: number | number[];
  readonly keepDims: boolean;
}

/** Neighbouring axes that are reduced together: the tensor read as `[outer, count, inner]`. */
interface AxisRun {
  readonly outer: number;
  readonly count: number;
  readonly inner: number;
}

/** The stock kernels add float32 one by one: 4e6 x 0.1 gives 384 525. These add in float64. */
function reduce(
  { inputs: { x }, attrs, backend }: KernelCall<'x', Attributes>,
  kind: 'sum' | 'mean',
): TensorInfo {
  const axes = util.parseAxisParam(attrs.axis, x.shape).sort((a, b) => a - b);
  const dtype = kind === 'mean' ? 'float32' : x.dtype;
  const runs = axisRuns(x.shape, axes);
  let current: TensorInfo = x;
  for (const run of runs) {
    const next = allocate(backend, [run.outer, run.inner], dtype);
    const divisor = kind === 'mean' ? run.count : 1;
    sumRun(backend.typedArrayFromHeap(current), run, divisor, backend.typedArrayFromHeap(next));
    if (current !== x) release(backend, current);
    current = next;
  }
  const shape = attrs.keepDims
    ? x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
    : x.shape.filter((_, axis) => !axes.includes(axis));
  return { ...current, shape };
}

/**
 * The runs of neighbouring axes, last first, each as it stands when those after it are already reduced. Always one at
 * least, because a kernel must not give back its own input.
 */
function axisRuns(shape: readonly number[], axes: readonly number[]): AxisRun[] {
  const extents = [...shape];
  const product = (from: number, to: number) => extents.slice(from, to).reduce((a, b) => a * b, 1);
  const runs: AxisRun[] = [];
  for (let end = axes.length; end > 0; ) {
    let start = end - 1;
    while (start > 0 && axes[start - 1] === (axes[start] as number) - 1) start--;
    const [first, last] = [axes[start] as number, (axes[end - 1] as number) + 1];
    runs.push({
      outer: product(0, first),
      count: product(first, last),
      inner: product(last, extents.length),
    });
    extents.fill(1, first, last);
    end = start;
  }
  return runs.length > 0 ? runs : [{ outer: product(0, extents.length), count: 1, inner: 1 }];
}

type Numbers = ReturnType<KernelCall<'x', Attributes>['backend']['typedArrayFromHeap']>;

function sumRun(x: Numbers, { outer, count, inner }: AxisRun, divisor: number, out: Numbers): void {
  if (inner === 1) sumRows(x, outer, count, divisor, out);
  else sumColumns(x, { outer, count, inner }, divisor, out);
}

function sumRows(x: Numbers, rows: number, count: number, divisor: number, out: Numbers): void {
  for (let row = 0, i = 0; row < rows; row++) {
    let sum = 0;
    for (const end = i + count; i < end; i++) sum += x[i] as number;
    out[row] = sum / divisor;
  }
}

function sumColumns(x: Numbers, { outer, count, inner }: AxisRun, divisor: number, out: Numbers): void {
  const sums = new Float64Array(inner);
  for (let block = 0, i = 0; block < outer; block++) {
    sums.fill(0);
    for (let row = 0; row < count; row++) {
      for (let j = 0; j < inner; j++, i++) sums[j] = (sums[j] as number) + (x[i] as number);
    }
    for (let j = 0; j < inner; j++) out[block * inner + j] = (sums[j] as number) / divisor;
  }
}

export const sumKernel = wasmKernel<'x', Attributes>(Sum, (call) => reduce(call, 'sum'));
export const meanKernel = wasmKernel<'x', Attributes>(Mean, (call) => reduce(call, 'mean'));
