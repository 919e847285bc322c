import {
  BatchMatMul,
  broadcast_util,
  type GradConfig,
  getGradient,
  registerGradient,
  reshape,
  sum,
  type Tensor,
  unregisterGradient,
} from '@tensorflow/tfjs-core';
import './stock-gradients.ts';

/*
 * The stock gradient of `tf.matMul` keeps the batch that an operand was broadcast to, and so fails: a learned adjacency
 * `[1, nodes, nodes]` times features `[batch, nodes, channels]`. Here the gradient is summed over that batch.
 */

const stock = getGradient(BatchMatMul) as GradConfig;

unregisterGradient(BatchMatMul);
registerGradient({
  ...stock,
  gradFunc: (dy, saved, attributes) => {
    const [a, b] = saved as [Tensor, Tensor];
    const gradients = stock.gradFunc(dy, saved, attributes) as Record<'a' | 'b', () => Tensor>;
    return { a: () => sumToShapeOf(a, gradients.a()), b: () => sumToShapeOf(b, gradients.b()) };
  },
});

function sumToShapeOf(operand: Tensor, gradient: Tensor): Tensor {
  const axes = broadcast_util.getReductionAxes(operand.shape, gradient.shape);
  return axes.length === 0 ? gradient : reshape(sum(gradient, axes), operand.shape);
}
