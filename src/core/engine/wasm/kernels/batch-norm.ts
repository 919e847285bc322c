import type { TensorInfo } from '@tensorflow/tfjs-core';
import { BATCH_NORM, BATCH_NORM_GRAD } from '../../ops/batch-norm.ts';
import { allocate, floats } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';

interface Attributes {
  readonly epsilon: number;
}

/** Outputs `y`, `mean`, unbiased `variance`; saved for the gradient: 1 / standard deviation. */
function batchNorm({
  inputs,
  attrs,
  backend,
}: KernelCall<'x' | 'scale' | 'offset', Attributes>): TensorInfo[] {
  const channels = inputs.scale.shape[0] as number;
  const y = allocate(backend, inputs.x.shape);
  const [mean, variance, savedInverse] = Array.from({ length: 3 }, () => allocate(backend, [channels])) as [
    TensorInfo,
    TensorInfo,
    TensorInfo,
  ];
  const x = floats(backend, inputs.x);
  const rows = x.length / channels;
  const moments = channelMoments(x, channels);
  const inverse = moments.variance.map((value) => 1 / Math.sqrt(value + attrs.epsilon));
  floats(backend, mean).set(moments.mean);
  floats(backend, variance).set(moments.variance.map((value) => (value * rows) / Math.max(1, rows - 1)));
  floats(backend, savedInverse).set(inverse);

  const scale = floats(backend, inputs.scale);
  const offset = floats(backend, inputs.offset);
  const factor = inverse.map((value, c) => value * (scale[c] as number));
  const shift = factor.map((value, c) => (offset[c] as number) - (moments.mean[c] as number) * value);
  scaleAndShift(x, factor, shift, floats(backend, y));
  return [y, mean, variance, savedInverse];
}

/** Mean and biased variance of each channel, in float64. */
function channelMoments(x: Float32Array, channels: number): { mean: Float64Array; variance: Float64Array } {
  const sum = new Float64Array(channels);
  const sumOfSquares = new Float64Array(channels);
  for (let i = 0; i < x.length; ) {
    for (let c = 0; c < channels; c++, i++) {
      const value = x[i] as number;
      sum[c] = (sum[c] as number) + value;
      sumOfSquares[c] = (sumOfSquares[c] as number) + value * value;
    }
  }
  const rows = x.length / channels;
  const mean = sum.map((value) => value / rows);
  const variance = sumOfSquares.map((value, c) => Math.max(0, value / rows - (mean[c] as number) ** 2));
  return { mean, variance };
}

function scaleAndShift(x: Float32Array, factor: Float64Array, shift: Float64Array, y: Float32Array): void {
  const channels = factor.length;
  for (let i = 0; i < x.length; ) {
    for (let c = 0; c < channels; c++, i++) {
      y[i] = (x[i] as number) * (factor[c] as number) + (shift[c] as number);
    }
  }
}

type GradInput = 'dy' | 'x' | 'scale' | 'mean' | 'saved0';

/** Ioffe & Szegedy 2015, section 3, written as `dx = a dy + b x + c` with three numbers a channel. */
function batchNormGrad({ inputs, backend }: KernelCall<GradInput, Attributes>): TensorInfo[] {
  const outputs = [
    allocate(backend, inputs.x.shape),
    allocate(backend, inputs.scale.shape),
    allocate(backend, inputs.scale.shape),
  ] as [TensorInfo, TensorInfo, TensorInfo];
  const x = floats(backend, inputs.x);
  const dy = floats(backend, inputs.dy);
  const mean = floats(backend, inputs.mean);
  const inverse = floats(backend, inputs.saved0);
  const scale = floats(backend, inputs.scale);
  const channels = scale.length;
  const rows = x.length / channels;
  const sums = gradientSums(dy, x, mean);

  const [dyFactor, xFactor, shift] = [0, 1, 2].map(() => new Float64Array(channels)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const [dScale, dOffset] = [floats(backend, outputs[1]), floats(backend, outputs[2])];
  for (let c = 0; c < channels; c++) {
    const inverseC = inverse[c] as number;
    const product = (sums.dyTimesCentered[c] as number) * inverseC;
    const factor = (scale[c] as number) * inverseC;
    dScale[c] = product;
    dOffset[c] = sums.dy[c] as number;
    dyFactor[c] = factor;
    xFactor[c] = (-factor * product * inverseC) / rows;
    shift[c] = (-factor * (sums.dy[c] as number)) / rows - (xFactor[c] as number) * (mean[c] as number);
  }
  combine({ dy, x }, { dyFactor, xFactor, shift }, floats(backend, outputs[0]));
  return outputs;
}

function gradientSums(
  dy: Float32Array,
  x: Float32Array,
  mean: Float32Array,
): { dy: Float64Array; dyTimesCentered: Float64Array } {
  const channels = mean.length;
  const sum = new Float64Array(channels);
  const product = new Float64Array(channels);
  for (let i = 0; i < x.length; ) {
    for (let c = 0; c < channels; c++, i++) {
      const gradient = dy[i] as number;
      sum[c] = (sum[c] as number) + gradient;
      product[c] = (product[c] as number) + gradient * ((x[i] as number) - (mean[c] as number));
    }
  }
  return { dy: sum, dyTimesCentered: product };
}

function combine(
  { dy, x }: { dy: Float32Array; x: Float32Array },
  { dyFactor, xFactor, shift }: { dyFactor: Float64Array; xFactor: Float64Array; shift: Float64Array },
  dx: Float32Array,
): void {
  const channels = shift.length;
  for (let i = 0; i < x.length; ) {
    for (let c = 0; c < channels; c++, i++) {
      dx[i] =
        (dy[i] as number) * (dyFactor[c] as number) +
        (x[i] as number) * (xFactor[c] as number) +
        (shift[c] as number);
    }
  }
}

export const batchNormKernel = wasmKernel(BATCH_NORM, batchNorm);
export const batchNormGradKernel = wasmKernel(BATCH_NORM_GRAD, batchNormGrad);
