import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { filterGradient } from './filter-gradient.ts';
import { address, allocate, release } from './heap.ts';
import { simdKernels, wholeVectors } from './simd.ts';

/** A dense row-major float32 matrix somewhere on the heap. */
export interface HeapMatrix {
  readonly address: number;
  readonly rows: number;
  readonly columns: number;
}

export function matrix(address: number, rows: number, columns: number): HeapMatrix {
  return { address, rows, columns };
}

/** `out = left x right`: a convolution of pixels, with a filter of one tap. */
export function multiply(backend: BackendWasm, left: HeapMatrix, right: HeapMatrix, out: number): void {
  withPanels(backend, right.rows, right.columns, (panels) =>
    simdKernels(backend).convolve(
      ...[left.address, right.address, out, 1],
      ...[1, left.rows, left.columns, 1, left.rows, right.columns, 1, 1, 1, 1, panels],
    ),
  );
}

/** Calls `use` with room for what a kernel makes of its right-hand side. */
export function withPanels(
  backend: BackendWasm,
  rows: number,
  columns: number,
  use: (panels: number) => void,
): void {
  const panels = allocate(backend, [rows, wholeVectors(columns)]);
  use(address(backend, panels));
  release(backend, panels);
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
