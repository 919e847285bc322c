import { replaceKernel } from '../../kernel.ts';
import {
  batchNormGradKernel,
  batchNormKernel,
  stockBatchNormGradKernel,
  stockBatchNormKernel,
} from './batch-norm.ts';
import { conv2dBackpropFilterKernel, conv2dBackpropInputKernel, conv2dKernel } from './conv2d.ts';
import { reluGradKernel } from './relu-grad.ts';
import { resizeBilinearGradKernel } from './resize-bilinear-grad.ts';
import {
  sampleBilinearKernel,
  sampleBilinearMapsGradKernel,
  sampleBilinearPointsGradKernel,
} from './sample-bilinear.ts';
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

const OWN_OPS = [
  batchNormKernel,
  batchNormGradKernel,
  sampleBilinearKernel,
  sampleBilinearMapsGradKernel,
  sampleBilinearPointsGradKernel,
];

/** Bilinear reading is then put together from TensorFlow's ops. */
const WITHOUT_OWN_OPS = [stockBatchNormKernel, stockBatchNormGradKernel];

/** @param hasOwnOps whether TensorFlow knows the ops in `native/` and they run on the device. */
export function registerNativeKernels(hasOwnOps: boolean): void {
  for (const kernel of [...KERNELS, ...(hasOwnOps ? OWN_OPS : WITHOUT_OWN_OPS)]) replaceKernel(kernel);
}
