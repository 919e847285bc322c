import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { filterGradient } from './filter-gradient.ts';
import { simdKernels } from './simd.ts';

/** A dense row-major float32 matrix somewhere on the heap. */
export interface HeapMatrix {
  readonly address: number;
  readonly rows: number;
  readonly columns: number;
}

/** `out = left x right`: a convolution of pixels, with a filter of one tap. */
export function multiply(backend: BackendWasm, left: HeapMatrix, right: HeapMatrix, out: number): void {
  simdKernels(backend).convolve(
    ...[left.address, right.address, out, 1],
    ...[1, left.rows, left.columns, 1, left.rows, right.columns, 1, 1, 1, 1],
  );
}

/** `out = left^T x right`: the gradient of that filter. */
export function multiplyTransposed(
  backend: BackendWasm,
  left: HeapMatrix,
  right: HeapMatrix,
  out: number,
): void {
  const pixels = {
    ...{ batchSize: 1, inHeight: 1, inWidth: left.rows, inChannels: left.columns },
    ...{ outHeight: 1, outWidth: left.rows, outChannels: right.columns },
    ...{ filterHeight: 1, filterWidth: 1, strideHeight: 1, strideWidth: 1, padInfo: { top: 0, left: 0 } },
  };
  filterGradient(backend, left.address, right.address, pixels, out);
}
