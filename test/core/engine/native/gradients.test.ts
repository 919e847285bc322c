import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { nativeIsMissing, openTestNative } from './open-native.ts';
import { draw, OPERATIONS } from './operations.ts';

describe.skipIf(nativeIsMissing)('native gradients agree with finite differences', () => {
  beforeAll(async () => {
    await openTestNative();
  });

  test.each(OPERATIONS)('%s', (_name, operation, shapes) => {
    tf.tidy(() => {
      const inputs = shapes.map(draw);
      const weights = draw(operation(...inputs).shape);
      const loss = (...xs: tf.Tensor[]) =>
        operation(...xs)
          .mul(weights)
          .sum() as tf.Scalar;
      const gradients = tf.grads(loss)(inputs);
      gradients.forEach((gradient, i) => {
        const numeric = directionalDerivative(loss, inputs, i);
        const analytic = gradient.mul(numeric.direction).sum().dataSync()[0]!;
        const scale = Math.max(1, Math.sqrt(gradient.square().sum().dataSync()[0]!));
        expect(gradient.shape).toEqual(inputs[i]!.shape);
        expect(Math.abs(analytic - numeric.slope) / scale, `input ${i}`).toBeLessThan(5e-3);
      });
    });
  });
});

/** The slope of the loss in a random direction of one input, by central differences. */
function directionalDerivative(
  loss: (...xs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly tf.Tensor[],
  index: number,
) {
  const step = 2e-3;
  const raw = draw(inputs[index]!.shape);
  const direction = raw.div(raw.norm());
  const at = (distance: number) =>
    loss(...inputs.map((x, i) => (i === index ? x.add(direction.mul(distance)) : x))).dataSync()[0]!;
  return { direction, slope: (at(step) - at(-step)) / (2 * step) };
}
