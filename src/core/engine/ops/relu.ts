import './stock-gradients.ts';
import { engine, registerGradient, type Tensor, unregisterGradient } from '@tensorflow/tfjs-core';

/**
 * The stock gradient of `tf.relu` is three kernels; here it is one. Every engine registers `FsxReluGrad`: inputs
 * `dy` and `y` (the output of the ReLU), output `dy` where `y > 0`, else 0.
 */
export const RELU_GRAD = 'FsxReluGrad';

unregisterGradient('Relu');
registerGradient({
  kernelName: 'Relu',
  outputsToSave: [true],
  gradFunc: (dy, [y]) => ({
    x: () => engine().runKernel(RELU_GRAD, { dy: dy as Tensor, y: y as Tensor }) as Tensor,
  }),
});
