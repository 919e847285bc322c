import { backend_util } from '@tensorflow/tfjs-core';

type Shape4D = [number, number, number, number];

/** The attributes that TensorFlow.js gives to convolutions and their gradients. */
export interface ConvolutionAttributes {
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dataFormat: 'NHWC' | 'NCHW';
  readonly dilations?: number | [number, number];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** Sizes, strides and padding along both axes of a convolution `[batch, height, width, channels]`. */
export function convolutionGeometry(
  inputShape: readonly number[],
  filterShape: readonly number[],
  attrs: ConvolutionAttributes,
  kind: 'full' | 'depthwise' = 'full',
): backend_util.Conv2DInfo {
  if (attrs.dataFormat === 'NCHW') throw new Error('the wasm engine computes convolutions in NHWC only');
  return backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    kind === 'depthwise',
    'channelsLast',
  );
}

/** One axis of a convolution. */
export interface ConvolutionAxis {
  readonly input: number;
  readonly output: number;
  readonly filter: number;
  readonly stride: number;
  readonly padBefore: number;
}

export function convolutionAxes(geometry: backend_util.Conv2DInfo): {
  vertical: ConvolutionAxis;
  horizontal: ConvolutionAxis;
} {
  return {
    vertical: {
      input: geometry.inHeight,
      output: geometry.outHeight,
      filter: geometry.filterHeight,
      stride: geometry.strideHeight,
      padBefore: geometry.padInfo.top,
    },
    horizontal: {
      input: geometry.inWidth,
      output: geometry.outWidth,
      filter: geometry.filterWidth,
      stride: geometry.strideWidth,
      padBefore: geometry.padInfo.left,
    },
  };
}
