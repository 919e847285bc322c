import { ResizeBilinearGrad, type TensorInfo } from '@tensorflow/tfjs-core';
import { type KernelCall, webGpuKernel } from '../kernel.ts';
import { floats, integers, runShader } from '../shader.ts';

interface Attributes {
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

/**
 * Place `i` of a resized axis is mixed from the places around `(i + offset) * scale - offset` of the original. The
 * gradient of one original place is the sum over all resized places that it went into, with the same shares.
 */
const CODE = `
  fn share(resized: i32, original: i32, extent: i32, scale: f32) -> f32 {
    let place = max(0.0, (f32(resized) + uniforms.offset) * scale - uniforms.offset);
    let lower = min(extent - 1, i32(floor(place)));
    let upperShare = place - f32(lower);
    return select(0.0, 1.0 - upperShare, original == lower)
      + select(0.0, upperShare, original == min(extent - 1, lower + 1));
  }

  /** The first resized place, or an earlier one, whose neighbourhood reaches the original place. */
  fn first(original: i32, scale: f32) -> i32 {
    if (original == 0) { return 0; }
    return max(0, i32(floor((f32(original) - 1.0 + uniforms.offset) / scale - uniforms.offset)));
  }

  fn last(original: i32, extent: i32, resizedExtent: i32, scale: f32) -> i32 {
    if (original == extent - 1) { return resizedExtent - 1; }
    return min(resizedExtent - 1, i32(ceil((f32(original) + 1.0 + uniforms.offset) / scale - uniforms.offset)));
  }

  fn main(index: i32) {
    if (index >= uniforms.size) { return; }
    let channel = index % uniforms.channels;
    let x = (index / uniforms.channels) % uniforms.width;
    let y = (index / (uniforms.channels * uniforms.width)) % uniforms.height;
    let image = index / (uniforms.channels * uniforms.width * uniforms.height);
    let lastRow = last(y, uniforms.height, uniforms.resizedHeight, uniforms.rowScale);
    let firstColumn = first(x, uniforms.columnScale);
    let lastColumn = last(x, uniforms.width, uniforms.resizedWidth, uniforms.columnScale);
    var sum = 0.0;
    for (var row = first(y, uniforms.rowScale); row <= lastRow; row++) {
      let rowShare = share(row, y, uniforms.height, uniforms.rowScale);
      let start = (image * uniforms.resizedHeight + row) * uniforms.resizedWidth;
      for (var column = firstColumn; column <= lastColumn; column++) {
        let columnShare = share(column, x, uniforms.width, uniforms.columnScale);
        sum += rowShare * columnShare * dy[(start + column) * uniforms.channels + channel];
      }
    }
    result[index] = sum;
  }`;

/** The stock kernel leaves `halfPixelCenters` out, and so gives the gradient of another resize. */
function resizeBilinearGrad({ inputs, attrs, backend }: KernelCall<'images' | 'dy', Attributes>): TensorInfo {
  const { images, dy } = inputs;
  const [, height, width, channels] = images.shape as [number, number, number, number];
  const [, resizedHeight, resizedWidth] = dy.shape as [number, number, number, number];
  return runShader(backend, {
    name: 'resizeBilinearGrad',
    inputs: { dy },
    outputShape: images.shape,
    uniforms: {
      ...integers({ height, width, channels, resizedHeight, resizedWidth }),
      ...floats({
        rowScale: scaleOf(height, resizedHeight, attrs),
        columnScale: scaleOf(width, resizedWidth, attrs),
        offset: attrs.halfPixelCenters ? 0.5 : 0,
      }),
    },
    code: CODE,
  });
}

function scaleOf(original: number, resized: number, { alignCorners }: Attributes): number {
  // one original place with aligned corners: everything lies there, at a distance of nothing
  return alignCorners && resized > 1 ? (original - 1) / (resized - 1) : original / resized;
}

export const resizeBilinearGradKernel = webGpuKernel(ResizeBilinearGrad, resizeBilinearGrad);
