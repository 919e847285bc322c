import '@tensorflow/tfjs-backend-wasm';
import { Conv2D, getKernel, type TensorInfo } from '@tensorflow/tfjs-core';
import { convolve } from '../convolve.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';
import { type ConvolutionAttributes, convolutionGeometry } from './convolution-geometry.ts';

const stock = getKernel(Conv2D, 'wasm');

/** XNNPACK's packs the filter, which changes with every step, and rounds its channels up to eights. */
function conv2d({ inputs, attrs, backend }: KernelCall<'x' | 'filter', ConvolutionAttributes>): TensorInfo {
  const { x, filter } = inputs;
  const geometry = convolutionGeometry(x.shape, filter.shape, attrs);
  if (geometry.dilationHeight > 1 || geometry.dilationWidth > 1) {
    return stock.kernelFunc({ inputs, attrs: { ...attrs }, backend }) as TensorInfo;
  }
  const { top: padTop, left: padLeft } = geometry.padInfo;
  return convolve(backend, x, filter, { ...geometry, padTop, padLeft });
}

export const conv2dKernel = wasmKernel(Conv2D, conv2d);
