import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { KernelConfig, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendKernelCall } from '../kernel.ts';

export const BACKEND_NAME = 'webgpu';

export type KernelCall<Input extends string, Attributes> = BackendKernelCall<
  WebGPUBackend,
  Input,
  Attributes
>;

/** The registration record of a kernel for the WebGPU backend. */
export function webGpuKernel<Input extends string, Attributes = Record<string, never>>(
  kernelName: string,
  kernelFunc: (call: KernelCall<Input, Attributes>) => TensorInfo | TensorInfo[],
): KernelConfig {
  return { kernelName, backendName: BACKEND_NAME, kernelFunc: kernelFunc as unknown as KernelFunc };
}
