import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { BATCH_NORM, BATCH_NORM_GRAD } from '../../ops/batch-norm.ts';
import { address, allocate, release } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';
import { LANES, simdKernels } from '../simd.ts';

interface Attributes {
  readonly epsilon: number;
}

/** Two arrays of float64 and four of float32 with a number for each channel of a period. */
const SCRATCH_ARRAYS = 8;

/** Outputs `y`, `mean`, unbiased `variance`; saved for the gradient: 1 / standard deviation. */
function batchNorm({
  inputs: { x, scale, offset },
  attrs: { epsilon },
  backend,
}: KernelCall<'x' | 'scale' | 'offset', Attributes>): TensorInfo[] {
  const channels = scale.shape[0] as number;
  const outputs = [x.shape, ...Array<number[]>(3).fill([channels])].map((shape) => allocate(backend, shape));
  const [y, mean, variance, inverse] = outputs.map((tensor) => address(backend, tensor)) as Four;
  withScratch(backend, channels, (period, scratch) =>
    simdKernels(backend).batchNorm(
      ...[address(backend, x), util.sizeFromShape(x.shape), channels, period],
      ...[address(backend, scale), address(backend, offset), epsilon],
      ...[y, mean, variance, inverse, scratch],
    ),
  );
  return outputs;
}

type Four = [number, number, number, number];

type GradInput = 'dy' | 'x' | 'scale' | 'mean' | 'saved0';

function batchNormGrad({
  inputs: { dy, x, scale, mean, saved0: inverse },
  backend,
}: KernelCall<GradInput, Attributes>): TensorInfo[] {
  const channels = scale.shape[0] as number;
  const outputs = [x.shape, scale.shape, scale.shape].map((shape) => allocate(backend, shape));
  const [dx, dScale, dOffset] = outputs.map((tensor) => address(backend, tensor)) as [number, number, number];
  withScratch(backend, channels, (period, scratch) =>
    simdKernels(backend).batchNormGrad(
      ...[address(backend, dy), address(backend, x), util.sizeFromShape(x.shape), channels, period],
      ...[address(backend, scale), address(backend, mean), address(backend, inverse)],
      ...[dx, dScale, dOffset, scratch],
    ),
  );
  return outputs;
}

/** Calls `use` with how many numbers repeat the channels until they fill whole vectors, and with room for its sums. */
function withScratch(
  backend: BackendWasm,
  channels: number,
  use: (period: number, scratch: number) => void,
): void {
  const period = channels * (LANES / greatestCommonDivisor(channels, LANES));
  const scratch = allocate(backend, [SCRATCH_ARRAYS * period]);
  use(period, address(backend, scratch));
  release(backend, scratch);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

export const batchNormKernel = wasmKernel(BATCH_NORM, batchNorm);
export const batchNormGradKernel = wasmKernel(BATCH_NORM_GRAD, batchNormGrad);
