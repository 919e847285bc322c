import { getKernel, type KernelConfig, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { BACKEND_NAME } from '../tensorflow.ts';
import {
  batchNormGradKernel,
  batchNormKernel,
  stockBatchNormGradKernel,
  stockBatchNormKernel,
} from './batch-norm.ts';
import { conv2dBackpropFilterKernel, conv2dBackpropInputKernel, conv2dKernel } from './conv2d.ts';
import { reluGradKernel } from './relu-grad.ts';
import { resizeBilinearGradKernel } from './resize-bilinear-grad.ts';
import { transformKernel } from './transform.ts';

/** What the package lacks or gets wrong; replaces its kernels of the same names. */
const KERNELS = [
  reluGradKernel,
  resizeBilinearGradKernel,
  transformKernel,
  conv2dKernel,
  conv2dBackpropInputKernel,
  conv2dBackpropFilterKernel,
];

/** @param hasOwnOps whether TensorFlow knows the ops in `native/` and they run on the device. */
export function registerNativeKernels(hasOwnOps: boolean): void {
  const batchNorm = hasOwnOps
    ? [batchNormKernel, batchNormGradKernel]
    : [stockBatchNormKernel, stockBatchNormGradKernel];
  for (const kernel of [...KERNELS, ...batchNorm]) replaceKernel(kernel);
}

function replaceKernel(kernel: KernelConfig): void {
  if (getKernel(kernel.kernelName, BACKEND_NAME)) unregisterKernel(kernel.kernelName, BACKEND_NAME);
  registerKernel(kernel);
}
