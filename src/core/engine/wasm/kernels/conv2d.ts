import { Conv2D, type TensorInfo } from '@tensorflow/tfjs-core';
import { convolve } from '../convolve.ts';
import { type KernelCall, runStock, stockKernel, wasmKernel } from '../kernel.ts';
import { type ConvolutionAttributes, convolutionGeometry } from './convolution-geometry.ts';

const stock = stockKernel(Conv2D);

/** XNNPACK's, which convolutions with holes are left to, is slower where channels are no multiple of eight. */
function conv2d(call: KernelCall<'x' | 'filter', ConvolutionAttributes>): TensorInfo {
  const {
    inputs: { x, filter },
    attrs,
    backend,
  } = call;
  const geometry = convolutionGeometry(x.shape, filter.shape, attrs);
  if (geometry.dilationHeight > 1 || geometry.dilationWidth > 1) return runStock(stock, call, { ...attrs });
  const { top: padTop, left: padLeft } = geometry.padInfo;
  return convolve(backend, x, filter, { ...geometry, padTop, padLeft });
}

export const conv2dKernel = wasmKernel(Conv2D, conv2d, stock);
