import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { wasmFunction } from './wasm-module.ts';

const BYTES_PER_FLOAT = 4;

/**
 * Ids for matrices that are parts of tensors, far above those that the backend counts up from 1 for whole tensors.
 */
let nextMatrixId = 2 ** 30;

/** A dense row-major float32 matrix somewhere on the heap. */
export interface HeapMatrix {
  readonly address: number;
  readonly rows: number;
  readonly columns: number;
}

/** `out [rows, right.columns] = left [rows, right.rows] x right`, both named by their addresses. */
export type Multiply = (left: number, rows: number, out: number) => void;

/**
 * Multiplies any number of matrices by the same one on the right, which XNNPACK packs once. XNNPACK finds its packed
 * copies by the id of the right-hand side, so each use gets a fresh id and gives it back: nothing stays, and nothing
 * stale is read.
 */
export function withRightMatrix(
  backend: BackendWasm,
  right: HeapMatrix,
  use: (multiply: Multiply) => void,
): void {
  const rightId = register(backend, right);
  try {
    use((left, rows, out) => {
      const leftId = register(backend, { address: left, rows, columns: right.rows });
      const outId = register(backend, { address: out, rows, columns: right.columns });
      multiply(backend, { leftId, rightId, outId }, [rows, right.rows, right.columns]);
      backend.wasm.tfjs.disposeData(leftId);
      backend.wasm.tfjs.disposeData(outId);
    });
  } finally {
    backend.wasm.tfjs.disposeData(rightId);
  }
}

export function floatsToBytes(count: number): number {
  return count * BYTES_PER_FLOAT;
}

function register(backend: BackendWasm, matrix: HeapMatrix): number {
  const id = nextMatrixId;
  nextMatrixId = nextMatrixId === 2 ** 31 - 1 ? 2 ** 30 : nextMatrixId + 1;
  backend.wasm.tfjs.registerTensor(id, matrix.rows * matrix.columns, matrix.address);
  return id;
}

function multiply(
  backend: BackendWasm,
  ids: { leftId: number; rightId: number; outId: number },
  [rows, inner, columns]: readonly [number, number, number],
): void {
  const left = shapeBytes([1, rows, inner]);
  const right = shapeBytes([1, inner, columns]);
  batchMatMul(backend)(ids.leftId, left, 3, ids.rightId, right, 3, 0, 0, ids.outId);
}

const bound = new WeakMap<BackendWasm, ReturnType<typeof wasmFunction>>();

function batchMatMul(backend: BackendWasm): ReturnType<typeof wasmFunction> {
  const known = bound.get(backend);
  if (known !== undefined) return known;
  const [n, a] = ['number', 'array'] as const;
  const found = wasmFunction(backend, 'BatchMatMul', [n, a, n, n, a, n, n, n, n]);
  bound.set(backend, found);
  return found;
}

function shapeBytes(shape: readonly number[]): Uint8Array {
  return new Uint8Array(new Int32Array(shape).buffer);
}
