import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { backend_util } from '@tensorflow/tfjs-core';
import { address, allocate, release } from './heap.ts';
import { simdKernels, wholeVectors } from './simd.ts';

/** Sizes, strides and padding of a convolution, as TensorFlow.js works them out. */
export type Geometry = Pick<
  backend_util.Conv2DInfo,
  | ('batchSize' | 'inHeight' | 'inWidth' | 'inChannels' | 'outHeight' | 'outWidth' | 'outChannels')
  | ('filterHeight' | 'filterWidth' | 'strideHeight' | 'strideWidth')
> & { readonly padInfo: { readonly top: number; readonly left: number } };

/** Writes the gradient of the filter to `out`; x, dy and out are addresses. */
export function filterGradient(
  backend: BackendWasm,
  x: number,
  dy: number,
  geometry: Geometry,
  out: number,
): void {
  const { filterHeight, filterWidth, inChannels, outChannels } = geometry;
  const [inputs, outputs] = [wholeVectors(inChannels), wholeVectors(outChannels)];
  const compute = (sums: number) =>
    simdKernels(backend).filterGradient(
      ...[x, dy, geometry.batchSize, geometry.inHeight, geometry.inWidth, inChannels],
      ...[geometry.outHeight, geometry.outWidth, outChannels, filterHeight, filterWidth],
      ...[geometry.strideHeight, geometry.strideWidth, geometry.padInfo.top, geometry.padInfo.left],
      ...[sums, out],
    );
  if (inputs === inChannels && outputs === outChannels) {
    compute(out);
    return;
  }
  const sums = allocate(backend, [filterHeight, filterWidth, inputs, outputs]);
  compute(address(backend, sums));
  release(backend, sums);
}
