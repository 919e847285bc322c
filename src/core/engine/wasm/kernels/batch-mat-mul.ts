import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { BatchMatMul, broadcast_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { address, allocate, floatsToBytes, release } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';
import { type HeapMatrix, matrix, multiply, multiplyTransposed } from '../matrix-product.ts';
import { simdKernels } from '../simd.ts';

interface Attributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/**
 * The stock kernel keeps packed right-hand sides by tensor id alone, so it multiplies by stale numbers when the same
 * memory comes back under another shape, and it multiplies transposed or batched matrices one number at a time.
 */
function batchMatMul({
  inputs: { a, b },
  attrs: { transposeA, transposeB },
  backend,
}: KernelCall<'a' | 'b', Attributes>): TensorInfo {
  const batchShape = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const rows = a.shape.at(transposeA ? -1 : -2) as number;
  const columns = b.shape.at(transposeB ? -2 : -1) as number;
  const out = allocate(backend, [...batchShape, rows, columns]);
  const right = transposeB ? transposed(backend, b) : b;
  if (!transposeA && util.sizeFromShape(b.shape.slice(0, -2)) === 1) {
    multiply(backend, tallMatrix(backend, a), tallMatrix(backend, right), address(backend, out));
  } else {
    const product = transposeA ? multiplyTransposed : multiply;
    const [lefts, rights] = [a, right].map((tensor) => matricesOf(backend, tensor, batchShape)) as [
      HeapMatrix[],
      HeapMatrix[],
    ];
    const start = address(backend, out);
    for (const [i, left] of lefts.entries()) {
      product(backend, left, rights[i] as HeapMatrix, start + floatsToBytes(i * rows * columns));
    }
  }
  if (right !== b) release(backend, right);
  return out;
}

/** With each matrix of the batch turned. */
function transposed(backend: BackendWasm, tensor: TensorInfo): TensorInfo {
  const [rows, columns] = tensor.shape.slice(-2) as [number, number];
  const turned = allocate(backend, [...tensor.shape.slice(0, -2), columns, rows]);
  const start = address(backend, turned);
  for (const [i, matrix] of matricesOf(backend, tensor).entries()) {
    simdKernels(backend).transpose(matrix.address, rows, columns, start + floatsToBytes(i * rows * columns));
  }
  return turned;
}

/** The matrices of a batch, lying one below the other. */
function tallMatrix(backend: BackendWasm, tensor: TensorInfo): HeapMatrix {
  const rows = util.sizeFromShape(tensor.shape.slice(0, -1));
  return matrix(address(backend, tensor), rows, tensor.shape.at(-1) as number);
}

/** One matrix for each of the broadcast batch. */
function matricesOf(
  backend: BackendWasm,
  tensor: TensorInfo,
  batchShape: readonly number[] = tensor.shape.slice(0, -2),
): HeapMatrix[] {
  const [rows, columns] = tensor.shape.slice(-2) as [number, number];
  const start = address(backend, tensor);
  return broadcastIndices(tensor.shape.slice(0, -2), batchShape).map((index) =>
    matrix(start + floatsToBytes(index * rows * columns), rows, columns),
  );
}

/** For each matrix of the broadcast batch, in order: the index of the one that it repeats. */
function broadcastIndices(shape: readonly number[], broadcastShape: readonly number[]): number[] {
  let indices = [0];
  const missing = broadcastShape.length - shape.length;
  for (const [axis, extent] of broadcastShape.entries()) {
    const own = shape[axis - missing] ?? 1;
    indices = indices.flatMap((index) =>
      Array.from({ length: extent }, (_, i) => index * own + (own === 1 ? 0 : i)),
    );
  }
  return indices;
}

export const batchMatMulKernel = wasmKernel(BatchMatMul, batchMatMul);
