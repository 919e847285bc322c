import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { KernelConfig, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';

export const BACKEND_NAME = 'webgpu';

/** What TensorFlow.js hands to a kernel, with the names of its inputs and the type of its attributes. */
export interface KernelCall<Input extends string, Attributes> {
  readonly inputs: Readonly<Record<Input, TensorInfo>>;
  readonly attrs: Attributes;
  readonly backend: WebGPUBackend;
}

/** The registration record of a kernel for the WebGPU backend. */
export function webGpuKernel<Input extends string, Attributes = Record<string, never>>(
  kernelName: string,
  kernelFunc: (call: KernelCall<Input, Attributes>) => TensorInfo | TensorInfo[],
): KernelConfig {
  return { kernelName, backendName: BACKEND_NAME, kernelFunc: kernelFunc as unknown as KernelFunc };
}
