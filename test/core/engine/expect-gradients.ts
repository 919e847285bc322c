import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { draw, type Operation } from './operations.ts';

const STEP = 2e-3;
const TOLERANCE = 5e-3;

/** The gradients of an operation by each of its inputs agree with the slopes in a random direction, on the active engine. */
export async function expectGradients(
  operation: Operation,
  shapes: readonly (readonly number[])[],
): Promise<void> {
  const inputs = shapes.map(draw);
  const weights = draw(tf.tidy(() => operation(...inputs).shape));
  const loss = (...xs: tf.Tensor[]) => tf.sum(tf.mul(operation(...xs), weights)) as tf.Scalar;
  const gradients = tf.grads(loss)(inputs);
  for (const [i, gradient] of gradients.entries()) {
    const direction = tf.tidy(() => {
      const raw = draw(inputs[i]!.shape);
      return tf.div(raw, tf.norm(raw));
    });
    const at = (distance: number) =>
      numberIn(() => loss(...inputs.with(i, tf.add(inputs[i]!, tf.mul(direction, distance)))));
    const slope = ((await at(STEP)) - (await at(-STEP))) / (2 * STEP);
    const analytic = await numberIn(() => tf.sum(tf.mul(gradient, direction)));
    const scale = Math.max(1, Math.sqrt(await numberIn(() => tf.sum(tf.square(gradient)))));
    expect(gradient.shape).toEqual(inputs[i]!.shape);
    expect(Math.abs(analytic - slope) / scale, `input ${i}`).toBeLessThan(TOLERANCE);
    direction.dispose();
  }
  tf.dispose([...inputs, weights, ...gradients]);
}

async function numberIn(compute: () => tf.Tensor): Promise<number> {
  const value = tf.tidy(compute);
  const [number] = await value.data();
  value.dispose();
  return number!;
}
