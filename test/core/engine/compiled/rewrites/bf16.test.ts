import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Engine, TensorFunction } from '../../../../../src/core/engine/engine.ts';
import { batchNormTraining } from '../../../../../src/core/engine/ops/batch-norm.ts';
import { Random } from '../../../../../src/core/random.ts';
import { tinyTraining, train } from '../../../training/tiny-training.ts';
import { nativeIsMissing, openTestNative } from '../../native/open-native.ts';
import { rewrittenNodes } from './rewritten.ts';

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

  test('hand maps to each other in bf16, through batch norm, ReLU and additions', () => {
    const block: TensorFunction = (inputs) => {
      const { scale, offset, other } = inputs;
      const normalize = (maps: tf.Tensor) =>
        batchNormTraining(maps as tf.Tensor4D, scale!, offset!, 1e-5).output;
      const convolve = (maps: tf.Tensor, kernel: tf.Tensor, pad: 1 | 'same', stride: number) =>
        tf.conv2d(maps as tf.Tensor4D, kernel as tf.Tensor4D, stride, pad);
      const forward = (x: tf.Tensor, first: tf.Tensor, second: tf.Tensor, third: tf.Tensor) => {
        const start = tf.relu(normalize(convolve(x, first, 1, 2)));
        const end = tf.relu(tf.add(normalize(convolve(start, second, 'same', 1)), start));
        return convolve(end, third, 'same', 1);
      };
      const { x, first, second, third } = inputs;
      const gradients = tf.grads(forward)([x!, first!, second!, third!], other);
      return Object.fromEntries(gradients.map((gradient, i) => [`gradient${i}`, gradient]));
    };
    const inputs = {
      ...{ x: draw([2, 128, 128, 8]), first: draw([3, 3, 8, 8]), second: draw([3, 3, 8, 8]) },
      ...{ third: draw([3, 3, 8, 8]) },
      ...{ scale: draw([8]), offset: draw([8]), other: draw([2, 64, 64, 8]) },
    };
    const nodes = rewrittenNodes(block, inputs, 'bf16');
    const cast = nodes.filter(({ op }) => op === 'Cast').map(({ inputs: [source] }) => source!);
    const inside = cast.filter((source) => /BatchNorm|Relu|Add|Conv2D:|BackpropInput:/.test(source));
    expect(inside).toEqual([]);
    const exact = block(inputs);
    const rounded = engine.compile('block', block)(inputs);
    for (const [name, tensor] of Object.entries(rounded)) {
      expect(apart(tensor, exact[name]!), name).toBeLessThan(20 * ROUNDING);
      expect(apart(tensor, exact[name]!), name).toBeGreaterThan(ROUNDING / 20);
    }
  });

  test('pass on what is no number', () => {
    const run: TensorFunction = ({ x, kernel }) => ({
      y: tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, 'same'),
    });
    const x = tf.fill([1, 1, 1, 1], Number.NaN);
    const { y } = engine.compile('nan', run)({ x, kernel: tf.ones([1, 1, 1, 1]) });
    expect(y!.dataSync()[0]).toBeNaN();
  });

  test('train as float32 does, to their precision', async () => {
    const training = await tinyTraining();
    const compiled = engine.compile('tiny', training.run);
    const { losses } = await train(compiled, training);
    const exact = (await train((inputs) => tf.tidy(() => training.run(inputs)), training)).losses;
    for (const [step, loss] of losses.entries()) {
      expect(Math.abs(loss / exact[step]! - 1), `step ${step}`).toBeLessThan(0.05);
    }
    expect(losses).not.toEqual(exact);
  });
});
