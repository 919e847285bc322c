import { cast, equal, expandDims, range, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';

/**
 * `[batch, unlabeled images]`: row i has its 1 at the image that the batch has at i. Its product with a memory gives the
 * batch's rows of it.
 */
export function rowsOfMemory(position: Tensor1D, { shape: [count] }: Tensor2D): Tensor2D {
  return cast(equal(expandDims(position, 1), range(0, count, 1, 'float32')), 'float32') as Tensor2D;
}
