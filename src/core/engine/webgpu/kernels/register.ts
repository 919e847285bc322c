import type { KernelConfig } from '@tensorflow/tfjs-core';
import { replaceKernel } from '../../replace-kernel.ts';
import { batchNormGradKernel, batchNormKernel } from './batch-norm.ts';
import { reluGradKernel } from './relu-grad.ts';
import { resizeBilinearGradKernel } from './resize-bilinear-grad.ts';

const KERNELS: readonly KernelConfig[] = [
  batchNormGradKernel,
  batchNormKernel,
  reluGradKernel,
  resizeBilinearGradKernel,
];

/** Adds what tfjs-backend-webgpu 4.22.0 lacks and replaces what it computes wrongly. */
export function registerKernels(): void {
  for (const kernel of KERNELS) replaceKernel(kernel);
}
