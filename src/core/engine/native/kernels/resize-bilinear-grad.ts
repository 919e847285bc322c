import { type KernelConfig, ResizeBilinearGrad, type TensorInfo } from '@tensorflow/tfjs-core';
import { attributes, BACKEND_NAME, type TensorFlowBackend } from '../tensorflow.ts';

/** The package's own kernel leaves `half_pixel_centers` out, and so gives the gradient of another resize. */
export const resizeBilinearGradKernel: KernelConfig = {
  kernelName: ResizeBilinearGrad,
  backendName: BACKEND_NAME,
  kernelFunc: (call) => {
    const backend = call.backend as TensorFlowBackend;
    const { dy, images } = call.inputs as Record<'dy' | 'images', TensorInfo>;
    const { alignCorners, halfPixelCenters } = call.attrs as Record<
      'alignCorners' | 'halfPixelCenters',
      boolean
    >;
    const attribute = attributes(backend);
    return backend.executeSingleOutput(
      'ResizeBilinearGrad',
      [
        attribute.floatType('T'),
        attribute.bool('align_corners', alignCorners),
        attribute.bool('half_pixel_centers', halfPixelCenters),
      ],
      [dy, images],
    );
  },
};
