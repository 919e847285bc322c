import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import {
  SAMPLE_BILINEAR,
  SAMPLE_BILINEAR_MAPS_GRAD,
  SAMPLE_BILINEAR_POINTS_GRAD,
} from '../../ops/sample-bilinear.ts';
import { attributes, BACKEND_NAME, type TensorFlowBackend } from '../tensorflow.ts';

export const sampleBilinearKernel: KernelConfig = {
  kernelName: SAMPLE_BILINEAR,
  backendName: BACKEND_NAME,
  kernelFunc: (call) => {
    const { maps, points } = call.inputs as Record<'maps' | 'points', TensorInfo>;
    return (call.backend as TensorFlowBackend).executeSingleOutput(SAMPLE_BILINEAR, [], [maps, points]);
  },
};

export const sampleBilinearMapsGradKernel: KernelConfig = {
  kernelName: SAMPLE_BILINEAR_MAPS_GRAD,
  backendName: BACKEND_NAME,
  kernelFunc: (call) => {
    const backend = call.backend as TensorFlowBackend;
    const { dy, points } = call.inputs as Record<'dy' | 'points', TensorInfo>;
    const { height, width } = call.attrs as unknown as Record<'height' | 'width', number>;
    const attribute = attributes(backend);
    const extents = [attribute.int('height', height), attribute.int('width', width)];
    return backend.executeSingleOutput(SAMPLE_BILINEAR_MAPS_GRAD, extents, [dy, points]);
  },
};

export const sampleBilinearPointsGradKernel: KernelConfig = {
  kernelName: SAMPLE_BILINEAR_POINTS_GRAD,
  backendName: BACKEND_NAME,
  kernelFunc: (call) => {
    const { dy, maps, points } = call.inputs as Record<'dy' | 'maps' | 'points', TensorInfo>;
    const backend = call.backend as TensorFlowBackend;
    return backend.executeSingleOutput(SAMPLE_BILINEAR_POINTS_GRAD, [], [dy, maps, points]);
  },
};
