import {
  engine,
  type GradConfig,
  registerGradient,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

/**
 * Train-time batch norm as one kernel forward and one backward. Every engine registers:
 *
 * - `FsxBatchNorm`: inputs `x [.., channels]`, `scale [channels]`, `offset [channels]`; attribute `epsilon`;
 *   outputs `y`, `mean`, `variance` (unbiased: N - 1, as PyTorch keeps it), and one to three tensors of the engine's
 *   own choice that the backward kernel wants.
 * - `FsxBatchNormGrad`: inputs `dy`, `x`, `scale`, `offset`, `mean`, `saved0` (and `saved1`, `saved2`); attribute
 *   `epsilon`; outputs `dx`, `dScale`, `dOffset`.
 */
export const BATCH_NORM = 'FsxBatchNorm';
export const BATCH_NORM_GRAD = 'FsxBatchNormGrad';

export interface BatchNormResult {
  readonly output: Tensor4D;
  readonly mean: Tensor1D;
  readonly variance: Tensor1D;
}

/** Normalises by the batch's own mean and (biased) variance over all axes but the last. */
export function batchNormTraining(
  x: Tensor4D,
  scale: Tensor,
  offset: Tensor,
  epsilon: number,
): BatchNormResult {
  const outputs = engine().runKernel(BATCH_NORM, { x, scale, offset }, { epsilon }) as Tensor[];
  const [output, mean, variance] = outputs as [Tensor4D, Tensor1D, Tensor1D];
  return { output, mean, variance };
}

const gradient: GradConfig = {
  kernelName: BATCH_NORM,
  inputsToSave: ['x', 'scale', 'offset'],
  outputsToSave: [false, true, false, true, true, true],
  gradFunc: (dy, saved, attrs) => {
    const dOutput = (dy as Tensor[])[0] as Tensor;
    const [x, scale, offset, mean, ...rest] = saved as [Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
    const inputs = {
      ...{ dy: dOutput, x, scale, offset, mean },
      ...Object.fromEntries(rest.map((tensor, i) => [`saved${i}`, tensor])),
    };
    const [dx, dScale, dOffset] = engine().runKernel(BATCH_NORM_GRAD, inputs, attrs) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    return { x: () => dx, scale: () => dScale, offset: () => dOffset };
  },
};
registerGradient(gradient);
