import {
  getKernel,
  type KernelConfig,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';

/** What TensorFlow.js hands to a kernel, with the names of its inputs and the type of its attributes. */
export interface BackendKernelCall<Backend, Input extends string, Attributes> {
  readonly inputs: Readonly<Record<Input, TensorInfo>>;
  readonly attrs: Attributes;
  readonly backend: Backend;
}

/** Registers a kernel in the place of the stock one, if there is one. */
export function replaceKernel(kernel: KernelConfig): void {
  const { kernelName, backendName } = kernel;
  if (getKernel(kernelName, backendName)) unregisterKernel(kernelName, backendName);
  registerKernel(kernel);
}
