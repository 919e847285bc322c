import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { BatchMatMul, broadcast_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { address, allocate, floats, release } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';
import { floatsToBytes, withRightMatrix } from '../matrix-product.ts';
import { transposeMatrix } from './transpose-matrix.ts';

interface Attributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Matrices that differ in their leading axes only. */
interface MatrixBatch {
  readonly tensor: TensorInfo;
  readonly batchShape: readonly number[];
  readonly rows: number;
  readonly columns: number;
}

/**
 * The stock kernel keeps packed right-hand sides by tensor id alone, so it multiplies by stale numbers when the same
 * memory comes back under another shape, and it multiplies transposed or batched matrices one number at a time.
 */
function batchMatMul({ inputs, attrs, backend }: KernelCall<'a' | 'b', Attributes>): TensorInfo {
  const left = upright(backend, inputs.a, attrs.transposeA);
  const right = upright(backend, inputs.b, attrs.transposeB);
  const batchShape = broadcast_util.assertAndGetBroadcastShape([...left.batchShape], [...right.batchShape]);
  const out = allocate(backend, [...batchShape, left.rows, right.columns]);
  if (util.sizeFromShape(right.batchShape as number[]) === 1) multiplyAllByOne(backend, left, right, out);
  else multiplyPairs(backend, left, right, { tensor: out, batchShape });
  if (left.tensor !== inputs.a) release(backend, left.tensor);
  if (right.tensor !== inputs.b) release(backend, right.tensor);
  return out;
}

function upright(backend: BackendWasm, tensor: TensorInfo, transposed: boolean): MatrixBatch {
  const batchShape = tensor.shape.slice(0, -2);
  const [rows, columns] = tensor.shape.slice(-2) as [number, number];
  if (!transposed) return { tensor, batchShape, rows, columns };
  const turned = allocate(backend, [...batchShape, columns, rows]);
  const [source, target] = [floats(backend, tensor), floats(backend, turned)];
  const size = rows * columns;
  for (let start = 0; start < source.length; start += size) {
    transposeMatrix(source, start, [rows, columns], target, start);
  }
  return { tensor: turned, batchShape, rows: columns, columns: rows };
}

/** One matrix on the right: the left ones, lying one below the other, are one tall matrix. */
function multiplyAllByOne(
  backend: BackendWasm,
  left: MatrixBatch,
  right: MatrixBatch,
  out: TensorInfo,
): void {
  const rows = util.sizeFromShape(left.batchShape as number[]) * left.rows;
  const matrix = { address: address(backend, right.tensor), rows: right.rows, columns: right.columns };
  withRightMatrix(backend, matrix, (multiply) =>
    multiply(address(backend, left.tensor), rows, address(backend, out)),
  );
}

function multiplyPairs(
  backend: BackendWasm,
  left: MatrixBatch,
  right: MatrixBatch,
  out: { readonly tensor: TensorInfo; readonly batchShape: readonly number[] },
): void {
  const leftIndices = broadcastIndices(left.batchShape, out.batchShape);
  const rightIndices = broadcastIndices(right.batchShape, out.batchShape);
  const matrixAddress = (tensor: TensorInfo, index: number, size: number) =>
    address(backend, tensor) + floatsToBytes(index * size);
  for (const [i, rightIndex] of rightIndices.entries()) {
    const matrix = {
      address: matrixAddress(right.tensor, rightIndex, right.rows * right.columns),
      rows: right.rows,
      columns: right.columns,
    };
    const leftAddress = matrixAddress(left.tensor, leftIndices[i] as number, left.rows * left.columns);
    const outAddress = matrixAddress(out.tensor, i, left.rows * right.columns);
    withRightMatrix(backend, matrix, (multiply) => multiply(leftAddress, left.rows, outAddress));
  }
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
