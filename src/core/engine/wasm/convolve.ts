import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { address, allocate, floatsToBytes, release } from './heap.ts';
import { matrix, multiply, withPanels } from './matrix-product.ts';
import { simdKernels } from './simd.ts';

/** What the shapes of `x [batch, height, width, inputs]` and the filter leave open. */
export interface Convolution {
  readonly outHeight: number;
  readonly outWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  /** Zeros before the first row and column; after the last ones there are as many as the outputs need. */
  readonly padTop: number;
  readonly padLeft: number;
}

/** Images as the kernel reads them. */
interface Images {
  readonly tensor: TensorInfo;
  readonly batch: number;
  readonly height: number;
  readonly width: number;
}

/** `[batch, outHeight, outWidth, outputs]`, of a filter `[height, width, inputs, outputs]`. */
export function convolve(
  backend: BackendWasm,
  x: TensorInfo,
  filter: TensorInfo,
  convolution: Convolution,
): TensorInfo {
  const { outHeight, outWidth, strideHeight, strideWidth } = convolution;
  const [filterHeight, filterWidth, inputs, outputs] = filter.shape as Four;
  const images = padded(backend, x, filter, convolution);
  const { tensor, batch, height, width } = images;
  const out = allocate(backend, [batch, outHeight, outWidth, outputs]);
  const [from, by, to] = [tensor, filter, out].map((each) => address(backend, each)) as Three;
  const everyPixel = outHeight === height && outWidth === width;
  if (everyPixel && filterHeight === 1 && filterWidth === 1) {
    multiply(backend, matrix(from, batch * height * width, inputs), matrix(by, inputs, outputs), to);
  } else {
    withPanels(backend, filterHeight * filterWidth * inputs, outputs, (panels) =>
      simdKernels(backend).convolve(
        ...[from, by, to, batch, height, width, inputs, outHeight, outWidth, outputs],
        ...[filterHeight, filterWidth, strideHeight, strideWidth, panels],
      ),
    );
  }
  if (tensor !== x) release(backend, tensor);
  return out;
}

type Three = [number, number, number];
type Four = [number, number, number, number];

/** x with zeros around, where the filter reaches beyond it; else x itself. */
function padded(
  backend: BackendWasm,
  x: TensorInfo,
  filter: TensorInfo,
  { outHeight, outWidth, strideHeight, strideWidth, padTop, padLeft }: Convolution,
): Images {
  const [batch, height, width, channels] = x.shape as Four;
  const [filterHeight, filterWidth] = filter.shape as Four;
  const paddedHeight = Math.max((outHeight - 1) * strideHeight + filterHeight, padTop + height);
  const paddedWidth = Math.max((outWidth - 1) * strideWidth + filterWidth, padLeft + width);
  if (paddedHeight === height && paddedWidth === width) return { tensor: x, batch, height, width };
  const tensor = allocate(backend, [batch, paddedHeight, paddedWidth, channels]);
  const pixelBytes = floatsToBytes(channels);
  simdKernels(backend).padImages(
    ...[address(backend, x), batch, height, width * pixelBytes],
    ...[padTop, padLeft * pixelBytes, paddedHeight, paddedWidth * pixelBytes, address(backend, tensor)],
  );
  return { tensor, batch, height: paddedHeight, width: paddedWidth };
}
