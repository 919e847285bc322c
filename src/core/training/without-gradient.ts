import { customGrad, type Tensor, zeros } from '@tensorflow/tfjs-core';

/**
 * The same function of one tensor, through which no gradient flows. Comparisons need it: they have no gradient, and
 * TensorFlow.js refuses a loss that depends on its input through one.
 */
export function withoutGradient<X extends Tensor, Y extends Tensor>(
  compute: (input: X) => Y,
): (input: X) => Y {
  return customGrad((input) => {
    const { shape } = input as Tensor;
    return { value: compute(input as X), gradFunc: () => zeros(shape) };
  }) as (input: Tensor) => Y;
}
