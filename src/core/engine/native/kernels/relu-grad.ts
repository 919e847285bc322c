import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { RELU_GRAD } from '../../ops/relu.ts';
import { attributes, BACKEND_NAME, type TensorFlowBackend } from '../tensorflow.ts';

export const reluGradKernel: KernelConfig = {
  kernelName: RELU_GRAD,
  backendName: BACKEND_NAME,
  kernelFunc: (call) => {
    const backend = call.backend as TensorFlowBackend;
    const { dy, y } = call.inputs as Record<'dy' | 'y', TensorInfo>;
    return backend.executeSingleOutput('ReluGrad', [attributes(backend).floatType('T')], [dy, y]);
  },
};
