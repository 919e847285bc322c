import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { RELU_GRAD } from '../../ops/relu.ts';
import { address, allocate } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';
import { simdKernels } from '../simd.ts';

function reluGrad({ inputs: { dy, y }, backend }: KernelCall<'dy' | 'y', unknown>): TensorInfo {
  const out = allocate(backend, y.shape);
  const count = util.sizeFromShape(y.shape);
  simdKernels(backend).reluGrad(address(backend, dy), address(backend, y), count, address(backend, out));
  return out;
}

export const reluGradKernel = wasmKernel(RELU_GRAD, reluGrad);
