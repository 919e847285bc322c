import { Conv2DBackpropFilter, type TensorInfo } from '@tensorflow/tfjs-core';
import { address, allocate, floats, release } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';
import { LANES, simdKernels } from '../simd.ts';
import { type ConvolutionAttributes, convolutionGeometry } from './convolution-geometry.ts';

type FilterShape = [height: number, width: number, inputs: number, outputs: number];

interface Attributes extends ConvolutionAttributes {
  readonly filterShape: FilterShape;
}

/** Sums on a filter with whole vectors of channels, then leaves those out that there are not. */
function conv2dBackpropFilter({
  inputs: { x, dy },
  attrs,
  backend,
}: KernelCall<'x' | 'dy', Attributes>): TensorInfo {
  const { filterShape } = attrs;
  const wholeShape = filterShape.map((size, axis) => (axis < 2 ? size : wholeVectors(size))) as FilterShape;
  const geometry = convolutionGeometry(x.shape, filterShape, attrs);
  const sums = allocate(backend, wholeShape);
  floats(backend, sums).fill(0);
  simdKernels(backend).addFilterGradient(
    ...[address(backend, x), address(backend, dy), address(backend, sums), geometry.batchSize],
    ...[geometry.inHeight, geometry.inWidth, geometry.inChannels],
    ...[geometry.outHeight, geometry.outWidth, geometry.outChannels],
    ...[geometry.filterHeight, geometry.filterWidth, geometry.strideHeight, geometry.strideWidth],
    ...[geometry.padInfo.top, geometry.padInfo.left],
  );
  if (wholeShape[2] === filterShape[2] && wholeShape[3] === filterShape[3]) return sums;
  const out = allocate(backend, filterShape);
  leaveOut(floats(backend, sums), wholeShape, floats(backend, out), filterShape);
  release(backend, sums);
  return out;
}

function wholeVectors(channels: number): number {
  return Math.ceil(channels / LANES) * LANES;
}

function leaveOut(
  whole: Float32Array,
  [, , wholeInputs, wholeOutputs]: FilterShape,
  out: Float32Array,
  [height, width, inputs, outputs]: FilterShape,
): void {
  for (let tap = 0, target = 0; tap < height * width; tap++) {
    for (let input = 0; input < inputs; input++) {
      const start = (tap * wholeInputs + input) * wholeOutputs;
      for (let output = 0; output < outputs; output++) out[target++] = whole[start + output] as number;
    }
  }
}

export const conv2dBackpropFilterKernel = wasmKernel(Conv2DBackpropFilter, conv2dBackpropFilter);
