import type { TensorInfo } from '@tensorflow/tfjs-core';
import { RELU_GRAD } from '../../ops/relu.ts';
import { allocate, floats } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';

function reluGrad({ inputs, backend }: KernelCall<'dy' | 'y', unknown>): TensorInfo {
  const out = allocate(backend, inputs.y.shape);
  const dy = floats(backend, inputs.dy);
  const y = floats(backend, inputs.y);
  const dx = floats(backend, out);
  for (let i = 0; i < dx.length; i++) dx[i] = (y[i] as number) > 0 ? (dy[i] as number) : 0;
  return out;
}

export const reluGradKernel = wasmKernel(RELU_GRAD, reluGrad);
