import {
  backend_util,
  Conv2D,
  type Conv2DAttrs,
  Conv2DBackpropFilter,
  type Conv2DBackpropFilterAttrs,
  Conv2DBackpropInput,
  type Conv2DBackpropInputAttrs,
  type KernelConfig,
  type TensorInfo,
  tensor1d,
} from '@tensorflow/tfjs-core';
import { attributes, BACKEND_NAME, type OpAttribute, type TensorFlowBackend } from '../tensorflow.ts';

/*
 * The package's own kernels refuse padding given as a number (and, in the backward pass, as a list). An HRNet needs it:
 * at stride 2 TensorFlow's 'same' pads the bottom right only, PyTorch's `padding=1` every side.
 */

type Shape4D = [number, number, number, number];

interface Geometry extends Pick<Conv2DAttrs, 'strides' | 'pad' | 'dataFormat' | 'dimRoundingMode'> {
  readonly inputShape: Shape4D;
  readonly filterShape: Shape4D;
  readonly dilations: Conv2DAttrs['dilations'];
}

function opAttributes(backend: TensorFlowBackend, geometry: Geometry): OpAttribute[] {
  const { inputShape, filterShape, strides, dilations, pad, dataFormat, dimRoundingMode } = geometry;
  const info = backend_util.computeConv2DInfo(
    inputShape,
    filterShape,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    false,
    backend_util.convertConv2DDataFormat(dataFormat),
  );
  const perAxis = (outer: number[], height: number[], width: number[]): number[] =>
    dataFormat === 'NHWC'
      ? [...outer, ...height, ...width, ...outer]
      : [...outer, ...outer, ...height, ...width];
  const { type, top, bottom, left, right } = info.padInfo;
  const isExplicit = type === 'NUMBER' || type === 'EXPLICIT';
  const attribute = attributes(backend);
  return [
    attribute.floatType('T'),
    attribute.ints('strides', perAxis([1], [info.strideHeight], [info.strideWidth])),
    attribute.ints('dilations', perAxis([1], [info.dilationHeight], [info.dilationWidth])),
    attribute.string('data_format', dataFormat),
    attribute.bool('use_cudnn_on_gpu', true),
    attribute.string('padding', isExplicit ? 'EXPLICIT' : type),
    ...(isExplicit
      ? [attribute.ints('explicit_paddings', perAxis([0, 0], [top, bottom], [left, right]))]
      : []),
  ];
}

export const conv2dKernel: KernelConfig = {
  kernelName: Conv2D,
  backendName: BACKEND_NAME,
  kernelFunc: (call) => {
    const backend = call.backend as TensorFlowBackend;
    const { x, filter } = call.inputs as Record<'x' | 'filter', TensorInfo>;
    const attrs = call.attrs as unknown as Conv2DAttrs;
    const shapes = { inputShape: x.shape as Shape4D, filterShape: filter.shape as Shape4D };
    return backend.executeSingleOutput(Conv2D, opAttributes(backend, { ...attrs, ...shapes }), [x, filter]);
  },
};

export const conv2dBackpropInputKernel: KernelConfig = {
  kernelName: Conv2DBackpropInput,
  backendName: BACKEND_NAME,
  kernelFunc: (call) => {
    const backend = call.backend as TensorFlowBackend;
    const { dy, filter } = call.inputs as Record<'dy' | 'filter', TensorInfo>;
    const attrs = call.attrs as unknown as Conv2DBackpropInputAttrs;
    const geometry = { ...attrs, filterShape: filter.shape as Shape4D, dilations: 1 };
    const inputShape = tensor1d(attrs.inputShape, 'int32');
    const inputs = [inputShape, filter, dy];
    const dx = backend.executeSingleOutput(Conv2DBackpropInput, opAttributes(backend, geometry), inputs);
    inputShape.dispose();
    return dx;
  },
};

export const conv2dBackpropFilterKernel: KernelConfig = {
  kernelName: Conv2DBackpropFilter,
  backendName: BACKEND_NAME,
  kernelFunc: (call) => {
    const backend = call.backend as TensorFlowBackend;
    const { x, dy } = call.inputs as Record<'x' | 'dy', TensorInfo>;
    const attrs = call.attrs as unknown as Conv2DBackpropFilterAttrs;
    const geometry = { ...attrs, inputShape: x.shape as Shape4D, dilations: 1 };
    const filterShape = tensor1d(attrs.filterShape, 'int32');
    const inputs = [x, filterShape, dy];
    const dFilter = backend.executeSingleOutput(
      Conv2DBackpropFilter,
      opAttributes(backend, geometry),
      inputs,
    );
    filterShape.dispose();
    return dFilter;
  },
};
