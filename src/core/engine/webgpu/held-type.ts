import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';

/**
 * The type of the numbers in memory. A cast to a wider type leaves them as they are, so that a tensor of float32 may hold
 * integers.
 */
export function heldType(backend: WebGPUBackend, { dataId }: TensorInfo): DataType {
  return backend.tensorMap.get(dataId).dtype;
}
