import type { TensorInfo } from '@tensorflow/tfjs-core';
import { RELU_GRAD } from '../../ops/relu.ts';
import { type KernelCall, webGpuKernel } from '../kernel.ts';
import { runShader } from '../shader.ts';

const CODE = `
  fn main(index: i32) {
    if (index < uniforms.size) {
      result[index] = select(0.0, dy[index], y[index] > 0.0);
    }
  }`;

function reluGrad({ inputs: { dy, y }, backend }: KernelCall<'dy' | 'y', unknown>): TensorInfo {
  return runShader(backend, {
    name: 'reluGrad',
    inputs: { dy, y },
    outputShape: y.shape,
    code: CODE,
  });
}

export const reluGradKernel = webGpuKernel(RELU_GRAD, reluGrad);
