import {
  type backend_util,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { allocate, floats } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';
import { type ConvolutionAttributes, convolutionGeometry } from './convolution-geometry.ts';

type Shape4D = [number, number, number, number];

/** Where, in flat tensors, the numbers begin that one tap of the filter connects at one output pixel. */
type VisitTap = (input: number, filter: number, output: number) => void;

/** Calls `visit` for every output pixel and every tap that falls inside the input there. */
function forEachTap(geometry: backend_util.Conv2DInfo, visit: VisitTap): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, padInfo } = geometry;
  for (let b = 0; b < batchSize; b++) {
    for (let outY = 0; outY < outHeight; outY++) {
      for (let row = 0; row < geometry.filterHeight; row++) {
        const y = outY * geometry.strideHeight + row - padInfo.top;
        if (y < 0 || y >= inHeight) continue;
        for (let outX = 0; outX < outWidth; outX++) {
          for (let column = 0; column < geometry.filterWidth; column++) {
            const x = outX * geometry.strideWidth + column - padInfo.left;
            if (x < 0 || x >= inWidth) continue;
            visit(
              ((b * inHeight + y) * inWidth + x) * inChannels,
              (row * geometry.filterWidth + column) * outChannels,
              ((b * outHeight + outY) * outWidth + outX) * outChannels,
            );
          }
        }
      }
    }
  }
}

function backpropFilter({
  inputs,
  attrs,
  backend,
}: KernelCall<'x' | 'dy', ConvolutionAttributes & { filterShape: Shape4D }>): TensorInfo {
  const geometry = convolutionGeometry(inputs.x.shape, attrs.filterShape, attrs, 'depthwise');
  const out = allocate(backend, attrs.filterShape);
  const [x, dy, dFilter] = [floats(backend, inputs.x), floats(backend, inputs.dy), floats(backend, out)];
  const multiplier = geometry.outChannels / geometry.inChannels;
  dFilter.fill(0);
  forEachTap(geometry, (input, filter, output) => {
    for (let c = 0, i = 0; c < geometry.inChannels; c++) {
      const value = x[input + c] as number;
      for (let m = 0; m < multiplier; m++, i++) {
        dFilter[filter + i] = (dFilter[filter + i] as number) + value * (dy[output + i] as number);
      }
    }
  });
  return out;
}

function backpropInput({
  inputs,
  attrs,
  backend,
}: KernelCall<'dy' | 'filter', ConvolutionAttributes & { inputShape: Shape4D }>): TensorInfo {
  const geometry = convolutionGeometry(attrs.inputShape, inputs.filter.shape, attrs, 'depthwise');
  const out = allocate(backend, attrs.inputShape);
  const [w, dy, dx] = [floats(backend, inputs.filter), floats(backend, inputs.dy), floats(backend, out)];
  const multiplier = geometry.outChannels / geometry.inChannels;
  dx.fill(0);
  forEachTap(geometry, (input, filter, output) => {
    for (let c = 0, i = 0; c < geometry.inChannels; c++) {
      let sum = 0;
      for (let m = 0; m < multiplier; m++, i++) sum += (w[filter + i] as number) * (dy[output + i] as number);
      dx[input + c] = (dx[input + c] as number) + sum;
    }
  });
  return out;
}

export const depthwiseBackpropFilterKernel = wasmKernel(DepthwiseConv2dNativeBackpropFilter, backpropFilter);
export const depthwiseBackpropInputKernel = wasmKernel(DepthwiseConv2dNativeBackpropInput, backpropInput);
