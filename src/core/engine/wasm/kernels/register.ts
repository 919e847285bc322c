import type { KernelConfig } from '@tensorflow/tfjs-core';
import { replaceKernel } from '../../kernel.ts';
import { batchMatMulKernel } from './batch-mat-mul.ts';
import { batchNormGradKernel, batchNormKernel } from './batch-norm.ts';
import { conv2dKernel } from './conv2d.ts';
import { conv2dBackpropFilterKernel } from './conv2d-backprop-filter.ts';
import { conv2dBackpropInputKernel } from './conv2d-backprop-input.ts';
import { depthwiseBackpropFilterKernel, depthwiseBackpropInputKernel } from './depthwise-conv2d-backprop.ts';
import { equalKernel } from './equal.ts';
import { identityKernel } from './identity.ts';
import { avgPoolGradKernel, maxPoolGradKernel } from './pool-grad.ts';
import { meanKernel, sumKernel } from './reduce.ts';
import { reluGradKernel } from './relu-grad.ts';
import { resizeBilinearGradKernel } from './resize-bilinear-grad.ts';
import {
  sampleBilinearKernel,
  sampleBilinearMapsGradKernel,
  sampleBilinearPointsGradKernel,
} from './sample-bilinear.ts';
import { sliceKernel, splitKernel } from './slice.ts';
import { tileKernel } from './tile.ts';
import { unsortedSegmentSumKernel } from './unsorted-segment-sum.ts';

const KERNELS: readonly KernelConfig[] = [
  avgPoolGradKernel,
  batchMatMulKernel,
  batchNormGradKernel,
  batchNormKernel,
  conv2dBackpropFilterKernel,
  conv2dBackpropInputKernel,
  conv2dKernel,
  depthwiseBackpropFilterKernel,
  depthwiseBackpropInputKernel,
  equalKernel,
  identityKernel,
  maxPoolGradKernel,
  meanKernel,
  reluGradKernel,
  resizeBilinearGradKernel,
  sampleBilinearKernel,
  sampleBilinearMapsGradKernel,
  sampleBilinearPointsGradKernel,
  sliceKernel,
  splitKernel,
  sumKernel,
  tileKernel,
  unsortedSegmentSumKernel,
];

/** Adds what tfjs-backend-wasm 4.22.0 lacks and replaces what it computes wrongly or one number at a time. */
export function registerKernels(): void {
  for (const kernel of KERNELS) replaceKernel(kernel);
}
