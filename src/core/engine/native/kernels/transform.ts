import {
  type KernelConfig,
  scalar,
  type TensorInfo,
  Transform,
  type TransformAttrs,
  tensor1d,
} from '@tensorflow/tfjs-core';
import { attributes, BACKEND_NAME, type TensorFlowBackend } from '../tensorflow.ts';

/** `tf.image.transform`, for which the package has no kernel. */
export const transformKernel: KernelConfig = {
  kernelName: Transform,
  backendName: BACKEND_NAME,
  kernelFunc: (call) => {
    const backend = call.backend as TensorFlowBackend;
    const { image, transforms } = call.inputs as Record<'image' | 'transforms', TensorInfo>;
    const attrs = call.attrs as unknown as TransformAttrs;
    const [, height, width] = image.shape as [number, number, number, number];
    const shape = tensor1d(attrs.outputShape ?? [height, width], 'int32');
    const fill = scalar(attrs.fillValue, 'float32');
    const attribute = attributes(backend);
    const output = backend.executeSingleOutput(
      'ImageProjectiveTransformV3',
      [
        attribute.floatType('dtype'),
        attribute.string('interpolation', attrs.interpolation.toUpperCase()),
        attribute.string('fill_mode', attrs.fillMode.toUpperCase()),
      ],
      [image, transforms, shape, fill],
    );
    shape.dispose();
    fill.dispose();
    return output;
  },
};
