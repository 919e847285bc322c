import type { TensorInfo } from '@tensorflow/tfjs-core';
import { RELU_GRAD } from '../../ops/relu.ts';
import { allocate, floats } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';

const MAGNITUDE_BITS = 0x7fffffff;

/** Works on the bits, without a branch that guesses wrong half of the time: `y` is never negative. */
function reluGrad({ inputs, backend }: KernelCall<'dy' | 'y', unknown>): TensorInfo {
  const out = allocate(backend, inputs.y.shape);
  const dy = bits(floats(backend, inputs.dy));
  const y = bits(floats(backend, inputs.y));
  const dx = bits(floats(backend, out));
  for (let i = 0; i < dx.length; i++) {
    const everyBitIfPositive = -((y[i] as number) & MAGNITUDE_BITS) >> 31;
    dx[i] = (dy[i] as number) & everyBitIfPositive;
  }
  return out;
}

function bits(values: Float32Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length);
}

export const reluGradKernel = wasmKernel(RELU_GRAD, reluGrad);
