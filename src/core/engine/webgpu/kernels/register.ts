import type { KernelConfig } from '@tensorflow/tfjs-core';
import { replaceKernel } from '../../kernel.ts';
import { batchNormGradKernel, batchNormKernel } from './batch-norm.ts';
import { conv2dBackpropFilterKernel } from './conv2d-backprop-filter.ts';
import { concatKernel, splitKernel } from './flat-vectors.ts';
import { reluGradKernel } from './relu-grad.ts';
import { resizeBilinearGradKernel } from './resize-bilinear-grad.ts';
import {
  sampleBilinearKernel,
  sampleBilinearMapsGradKernel,
  sampleBilinearPointsGradKernel,
} from './sample-bilinear.ts';

const KERNELS: readonly KernelConfig[] = [
  batchNormGradKernel,
  batchNormKernel,
  concatKernel,
  conv2dBackpropFilterKernel,
  reluGradKernel,
  resizeBilinearGradKernel,
  sampleBilinearKernel,
  sampleBilinearMapsGradKernel,
  sampleBilinearPointsGradKernel,
  splitKernel,
];

/** Adds what tfjs-backend-webgpu 4.22.0 lacks and replaces what it computes wrongly. */
export function registerKernels(): void {
  for (const kernel of KERNELS) replaceKernel(kernel);
}
