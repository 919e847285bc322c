import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, it } from 'vitest';
import { adamw } from '../../../src/plugins/optimizers/adamw.ts';
import expected from '../../fixtures/optimizers/expected.json' with { type: 'json' };
import { ENGINES } from '../../support/engines.ts';
import { expectClose } from '../../support/expect-close.ts';
import { formulaTensor } from '../../support/formula.ts';

describe.each(ENGINES)('adamw on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  it('takes the steps of torch.optim.AdamW, at a rate that changes, decaying only what the mask says', () => {
    const optimizer = adamw.create({ beta1: 0.8, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.1 }, {});
    const zeros = tf.zeros([8]) as tf.Tensor1D;
    let parameters = formulaTensor<tf.Tensor1D>('parameters', [8]);
    let slots: Readonly<Record<string, tf.Tensor1D>> = Object.fromEntries(
      optimizer.slots.map((slot) => [slot, zeros]),
    );
    for (const [index, wanted] of expected.steps.entries()) {
      const step = index + 1;
      const gradient = formulaTensor<tf.Tensor1D>(`gradient${index}`, [8], -2, 2);
      const decayMask = tf.tensor1d([1, 1, 1, 1, 0, 0, 0, 0]);
      const learningRate = tf.scalar(0.01 * step);
      const output = optimizer.update({
        parameters,
        gradient,
        slots,
        decayMask,
        learningRate,
        step: tf.scalar(step),
      });
      ({ parameters, slots } = output);
      expectClose(parameters, wanted, 5e-6, `step ${step}`);
    }
  });
});
