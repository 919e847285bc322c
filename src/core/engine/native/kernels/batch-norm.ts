import { type KernelConfig, type TensorInfo, tensor1d } from '@tensorflow/tfjs-core';
import { BATCH_NORM, BATCH_NORM_GRAD } from '../../ops/batch-norm.ts';
import { attributes, BACKEND_NAME, type OpAttribute, type TensorFlowBackend } from '../tensorflow.ts';

type Inputs = Record<'x' | 'scale' | 'offset', TensorInfo>;
type GradInputs = Record<'dy' | 'x' | 'scale' | 'offset' | 'mean' | 'saved0', TensorInfo> &
  Partial<Record<'saved1' | 'saved2', TensorInfo>>;
interface Attributes {
  readonly epsilon: number;
}

/** By fsx's own op: x is `[.., channels]`; saves the inverse deviation. */
export const batchNormKernel: KernelConfig = {
  kernelName: BATCH_NORM,
  backendName: BACKEND_NAME,
  kernelFunc: (call) => {
    const backend = call.backend as TensorFlowBackend;
    const { x, scale, offset } = call.inputs as Inputs;
    const { epsilon } = call.attrs as unknown as Attributes;
    const options = [attributes(backend).float('epsilon', epsilon)];
    return backend.executeMultipleOutputs(BATCH_NORM, options, [x, scale, offset], 4);
  },
};

export const batchNormGradKernel: KernelConfig = {
  kernelName: BATCH_NORM_GRAD,
  backendName: BACKEND_NAME,
  kernelFunc: (call) => {
    const backend = call.backend as TensorFlowBackend;
    const { dy, x, scale, offset, mean, saved0 } = call.inputs as GradInputs;
    return backend.executeMultipleOutputs(BATCH_NORM_GRAD, [], [dy, x, scale, offset, mean, saved0], 3);
  },
};

function stockAttributes(backend: TensorFlowBackend, { epsilon }: Attributes): OpAttribute[] {
  const attribute = attributes(backend);
  return [
    attribute.floatType('T'),
    attribute.floatType('U'),
    attribute.float('epsilon', epsilon),
    attribute.string('data_format', 'NHWC'),
    attribute.bool('is_training', true),
  ];
}

/**
 * By TensorFlow's own op, `FusedBatchNormV3`, for GPUs and bindings without fsx's: x is `[batch, height, width, channels]`;
 * saves mean, inverse deviation and cuDNN's reserve.
 */
export const stockBatchNormKernel: KernelConfig = {
  kernelName: BATCH_NORM,
  backendName: BACKEND_NAME,
  kernelFunc: (call) => {
    const backend = call.backend as TensorFlowBackend;
    const { x, scale, offset } = call.inputs as Inputs;
    const unused = tensor1d([], 'float32');
    const outputs = backend.executeMultipleOutputs(
      'FusedBatchNormV3',
      stockAttributes(backend, call.attrs as unknown as Attributes),
      [x, scale, offset, unused, unused],
      6,
    );
    unused.dispose();
    return outputs;
  },
};

export const stockBatchNormGradKernel: KernelConfig = {
  kernelName: BATCH_NORM_GRAD,
  backendName: BACKEND_NAME,
  kernelFunc: (call) => {
    const backend = call.backend as TensorFlowBackend;
    const { dy, x, scale, saved0, saved1, saved2 } = call.inputs as Required<GradInputs>;
    const [dx, dScale, dOffset, ...unused] = backend.executeMultipleOutputs(
      'FusedBatchNormGradV3',
      stockAttributes(backend, call.attrs as unknown as Attributes),
      [dy, x, scale, saved0, saved1, saved2],
      5,
    );
    for (const tensor of unused) tensor.dispose();
    return [dx!, dScale!, dOffset!];
  },
};
