import { add, div, mul, pow, sqrt, square, sub, type Tensor1D } from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import type { Optimizer } from '../../core/training/optimizer.ts';

const options = Type.Object(
  {
    beta1: Type.Number({
      description: 'Decay of the mean gradient.',
      default: 0.9,
      minimum: 0,
      exclusiveMaximum: 1,
    }),
    beta2: Type.Number({
      description: 'Decay of the mean squared gradient.',
      default: 0.999,
      minimum: 0,
      exclusiveMaximum: 1,
    }),
    epsilon: Type.Number({ description: 'Added to the denominator.', default: 1e-8, exclusiveMinimum: 0 }),
    weightDecay: Type.Number({
      description: 'Decoupled weight decay of the kernels; 0 is plain Adam.',
      default: 1e-4,
      minimum: 0,
    }),
  },
  { additionalProperties: false },
);

/** Adam with decoupled weight decay, on the flat parameter vector; steps as in PyTorch's `AdamW`. */
export const adamw = definePlugin({
  kind: 'optimizer',
  type: 'adamw',
  summary: 'Adam with decoupled weight decay',
  source: 'Loshchilov & Hutter, Decoupled Weight Decay Regularization, ICLR 2019',
  options,
  create: ({ beta1, beta2, epsilon, weightDecay }): Optimizer => ({
    slots: ['first', 'second'],
    update: ({ parameters, gradient, slots, decayMask, learningRate, step }) => {
      const first = add(mul(slots.first!, beta1), mul(gradient, 1 - beta1)) as Tensor1D;
      const second = add(mul(slots.second!, beta2), mul(square(gradient), 1 - beta2)) as Tensor1D;
      const rate = div(learningRate, sub(1, pow(beta1, step)));
      const correction = sqrt(sub(1, pow(beta2, step)));
      const denominator = add(div(sqrt(second), correction), epsilon);
      const decayed = mul(parameters, sub(1, mul(decayMask, mul(learningRate, weightDecay))));
      return {
        parameters: sub(decayed, mul(div(first, denominator), rate)),
        slots: { first, second },
      };
    },
  }),
});
