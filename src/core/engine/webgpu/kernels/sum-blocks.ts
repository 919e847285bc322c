import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { integers, runShader } from '../shader.ts';

const CODE = `
  fn main(index: i32) {
    if (index >= uniforms.size) { return; }
    var total = 0.0;
    for (var block = 0; block < uniforms.blocks; block++) {
      total += sums[block * uniforms.size + index];
    }
    result[index] = total;
  }`;

/** `[blocks, ..]` -> `[..]`. The caller owns the result. */
export function sumBlocks(backend: WebGPUBackend, sums: TensorInfo): TensorInfo {
  const [blocks, ...outputShape] = sums.shape as [number, ...number[]];
  if (blocks === 1) {
    backend.incRef(sums.dataId);
    return { ...sums, shape: outputShape };
  }
  return runShader(backend, {
    name: 'sumBlocks',
    inputs: { sums },
    outputShape,
    uniforms: integers({ blocks }),
    code: CODE,
  });
}
