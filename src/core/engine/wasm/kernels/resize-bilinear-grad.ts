import { ResizeBilinearGrad, type TensorInfo } from '@tensorflow/tfjs-core';
import { address, allocate, release } from '../heap.ts';
import { type KernelCall, wasmKernel } from '../kernel.ts';
import { simdKernels } from '../simd.ts';

interface Attributes {
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

function resizeBilinearGrad({
  inputs: { images, dy },
  attrs: { alignCorners, halfPixelCenters },
  backend,
}: KernelCall<'images' | 'dy', Attributes>): TensorInfo {
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const [, outHeight, outWidth] = dy.shape as [number, number, number, number];
  const scale = (original: number, resized: number) =>
    alignCorners && resized > 1 ? (original - 1) / (resized - 1) : original / resized;
  const out = allocate(backend, images.shape);
  const line = allocate(backend, [width, channels]);
  simdKernels(backend).resizeBilinearGrad(
    ...[address(backend, dy), batch, height, width, channels, outHeight, outWidth],
    ...[scale(height, outHeight), scale(width, outWidth), halfPixelCenters ? 0.5 : 0],
    ...[address(backend, line), address(backend, out)],
  );
  release(backend, line);
  return out;
}

export const resizeBilinearGradKernel = wasmKernel(ResizeBilinearGrad, resizeBilinearGrad);
