import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';

/** Makes room for a tensor on WebAssembly's heap; what lies there is whatever lay there before. */
export function allocate(
  backend: BackendWasm,
  shape: readonly number[],
  dtype: DataType = 'float32',
): TensorInfo {
  return backend.makeOutput([...shape], dtype);
}

export function release(backend: BackendWasm, tensor: TensorInfo): void {
  backend.disposeData(tensor.dataId);
}

/**
 * The numbers of a float32 tensor, in place. Take it after the last allocation of a kernel: when the heap grows, older
 * views become empty.
 */
export function floats(backend: BackendWasm, tensor: TensorInfo): Float32Array {
  return backend.typedArrayFromHeap(tensor) as Float32Array;
}

/** The tensor's first byte on the heap. */
export function address(backend: BackendWasm, tensor: TensorInfo): number {
  return backend.getMemoryOffset(tensor.dataId);
}

export function floatsToBytes(count: number): number {
  return count * Float32Array.BYTES_PER_ELEMENT;
}
