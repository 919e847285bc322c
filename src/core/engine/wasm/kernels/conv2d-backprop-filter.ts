import { Conv2DBackpropFilter, type TensorInfo } from '@tensorflow/tfjs-core';
import { filterGradient } from '../filter-gradient.ts';
import { address, allocate } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';
import { type ConvolutionAttributes, convolutionGeometry } from './convolution-geometry.ts';

interface Attributes extends ConvolutionAttributes {
  readonly filterShape: [number, number, number, number];
}

function conv2dBackpropFilter({
  inputs: { x, dy },
  attrs,
  backend,
}: KernelCall<'x' | 'dy', Attributes>): TensorInfo {
  const geometry = convolutionGeometry(x.shape, attrs.filterShape, attrs);
  const out = allocate(backend, attrs.filterShape);
  filterGradient(backend, address(backend, x), address(backend, dy), geometry, address(backend, out));
  return out;
}

export const conv2dBackpropFilterKernel = wasmKernel(Conv2DBackpropFilter, conv2dBackpropFilter);
