import { getKernel, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { BACKEND_NAME } from '../tensorflow.ts';
import { batchNormGradKernel, batchNormKernel } from './batch-norm.ts';
import { conv2dBackpropFilterKernel, conv2dBackpropInputKernel, conv2dKernel } from './conv2d.ts';
import { reluGradKernel } from './relu-grad.ts';
import { resizeBilinearGradKernel } from './resize-bilinear-grad.ts';
import { transformKernel } from './transform.ts';

/** What the package lacks or gets wrong; replaces its kernels of the same names. */
const KERNELS = [
  batchNormKernel,
  batchNormGradKernel,
  reluGradKernel,
  resizeBilinearGradKernel,
  transformKernel,
  conv2dKernel,
  conv2dBackpropInputKernel,
  conv2dBackpropFilterKernel,
];

export function registerNativeKernels(): void {
  for (const kernel of KERNELS) {
    if (getKernel(kernel.kernelName, BACKEND_NAME)) unregisterKernel(kernel.kernelName, BACKEND_NAME);
    registerKernel(kernel);
  }
}
