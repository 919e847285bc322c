import '@tensorflow/tfjs-backend-wasm';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
  getKernel,
  type KernelConfig,
  type KernelFunc,
  type NamedAttrMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { BackendKernelCall } from '../kernel.ts';

const BACKEND = 'wasm';

export type KernelCall<Input extends string, Attributes> = BackendKernelCall<BackendWasm, Input, Attributes>;

/** The registration record of a kernel for the WebAssembly backend; with the stock kernel, if it may run that. */
export function wasmKernel<Input extends string, Attributes = Record<string, never>>(
  kernelName: string,
  kernelFunc: (call: KernelCall<Input, Attributes>) => TensorInfo | TensorInfo[],
  stock?: KernelConfig,
): KernelConfig {
  const setupFunc = stock?.setupFunc;
  return {
    ...{ kernelName, backendName: BACKEND, kernelFunc: kernelFunc as unknown as KernelFunc },
    ...(setupFunc && { setupFunc }),
  };
}

/** What the backend registers itself. To be asked for before it is replaced. */
export function stockKernel(kernelName: string): KernelConfig {
  return getKernel(kernelName, BACKEND);
}

/** Hands a call on to a stock kernel. */
export function runStock(
  stock: KernelConfig,
  { inputs, backend }: KernelCall<string, unknown>,
  attrs: NamedAttrMap,
): TensorInfo {
  return stock.kernelFunc({ inputs: { ...inputs }, backend, attrs }) as TensorInfo;
}
