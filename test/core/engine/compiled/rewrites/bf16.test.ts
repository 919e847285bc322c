import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Engine, TensorFunction } from '../../../../../src/core/engine/engine.ts';
import { Random } from '../../../../../src/core/random.ts';
import { tinyTraining, train } from '../../../training/tiny-training.ts';
import { nativeIsMissing, openTestNative } from '../../native/open-native.ts';

/** Bits of a bfloat16's fraction, the hidden one included: a rounding is at most this much of a number. */
const ROUNDING = 2 ** -8;

const random = new Random(3);
const draw = (shape: number[]) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => random.normal(0, 1)),
    shape,
  );
};

/** Length of the difference, in parts of the second's length. */
const apart = (a: tf.Tensor, b: tf.Tensor) => tf.div(tf.norm(tf.sub(a, b)), tf.norm(b)).dataSync()[0]!;

describe.skipIf(nativeIsMissing)('convolutions in bf16', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openTestNative('bf16');
  });

  test('are called so', () => {
    expect(engine.description).toMatch(/convolutions in bf16$/);
  });

  test('round their operands, forwards and backwards, and nothing else', () => {
    const run: TensorFunction = ({ x, kernel, other }) => {
      const convolve = (maps: tf.Tensor, weights: tf.Tensor) =>
        tf.conv2d(maps as tf.Tensor4D, weights as tf.Tensor4D, 1, 'same');
      const [dx, dKernel] = tf.grads(convolve)([x!, kernel!], other);
      return { maps: convolve(x!, kernel!), dx: dx!, dKernel: dKernel!, plain: tf.mul(x!, 1 + 2 ** -20) };
    };
    const inputs = { x: draw([2, 9, 7, 5]), kernel: draw([3, 3, 5, 6]), other: draw([2, 9, 7, 6]) };
    const exact = run(inputs);
    const { plain, ...rounded } = engine.compile('test', run)(inputs);
    expect(apart(plain!, exact.plain!)).toBe(0);
    for (const [name, tensor] of Object.entries(rounded)) {
      expect(apart(tensor, exact[name]!), name).toBeLessThan(2 * ROUNDING);
    }
    expect(apart(rounded.dx!, exact.dx!)).toBeGreaterThan(ROUNDING / 20);
  });

  test('train as float32 does, to their precision', async () => {
    const training = await tinyTraining();
    const compiled = engine.compile('tiny', training.run);
    const { losses } = train(compiled, training);
    const exact = train((inputs) => tf.tidy(() => training.run(inputs)), training).losses;
    for (const [step, loss] of losses.entries()) {
      expect(Math.abs(loss / exact[step]! - 1), `step ${step}`).toBeLessThan(0.05);
    }
    expect(losses).not.toEqual(exact);
  });
});
