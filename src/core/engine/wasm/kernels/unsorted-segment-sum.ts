import { type TensorInfo, UnsortedSegmentSum, util } from '@tensorflow/tfjs-core';
import { allocate } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';

/** The gradient of `gather`, which the stock backend lacks. Rows with a segment outside the range are dropped. */
function unsortedSegmentSum({
  inputs: { x, segmentIds },
  attrs: { numSegments },
  backend,
}: KernelCall<'x' | 'segmentIds', { numSegments: number }>): TensorInfo {
  const rowShape = x.shape.slice(segmentIds.shape.length);
  const rowSize = util.sizeFromShape(rowShape);
  const out = allocate(backend, [numSegments, ...rowShape], x.dtype);
  const rows = backend.typedArrayFromHeap(x);
  const segments = backend.typedArrayFromHeap(segmentIds);
  const sums = backend.typedArrayFromHeap(out).fill(0);
  for (let i = 0, source = 0; i < segments.length; i++, source += rowSize) {
    const segment = segments[i] as number;
    if (segment < 0 || segment >= numSegments) continue;
    const target = segment * rowSize;
    for (let j = 0; j < rowSize; j++) {
      sums[target + j] = (sums[target + j] as number) + (rows[source + j] as number);
    }
  }
  return out;
}

export const unsortedSegmentSumKernel = wasmKernel(UnsortedSegmentSum, unsortedSegmentSum);
