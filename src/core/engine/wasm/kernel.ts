import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { KernelConfig, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';

const BACKEND = 'wasm';

/** What TensorFlow.js hands to a kernel, with the names of its inputs and the type of its attributes. */
export interface KernelCall<Input extends string, Attributes> {
  readonly inputs: Readonly<Record<Input, TensorInfo>>;
  readonly attrs: Attributes;
  readonly backend: BackendWasm;
}

/** The registration record of a kernel for the WebAssembly backend. */
export function wasmKernel<Input extends string, Attributes = Record<string, never>>(
  kernelName: string,
  kernelFunc: (call: KernelCall<Input, Attributes>) => TensorInfo | TensorInfo[],
): KernelConfig {
  return { kernelName, backendName: BACKEND, kernelFunc: kernelFunc as unknown as KernelFunc };
}
