import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Engine, TensorFunction } from '../../../../src/core/engine/engine.ts';
import { nativeIsMissing, openTestNative } from '../native/open-native.ts';
import { draw, OPERATIONS } from '../operations.ts';

describe.skipIf(nativeIsMissing)('an operation and its gradients give the same compiled as eagerly', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openTestNative();
  });

  test.each(OPERATIONS)('%s', (name, operation, shapes) => {
    const step: TensorFunction = (inputs) => {
      const xs = Object.values(inputs);
      const value = operation(...xs);
      const gradients = tf.grads((...ys: tf.Tensor[]) =>
        operation(...ys)
          .square()
          .sum(),
      )(xs);
      return { value, ...Object.fromEntries(gradients.map((gradient, i) => [`gradient${i}`, gradient])) };
    };
    const compiled = engine.compile(name, step);
    const drawInputs = () => Object.fromEntries(shapes.map((shape, i) => [`x${i}`, draw(shape)]));
    compiled(drawInputs());
    const warnings: Error[] = [];
    const emitWarning = process.emitWarning;
    process.emitWarning = ((warning: Error) => warnings.push(warning)) as typeof process.emitWarning;
    const inputs = drawInputs();
    const actual = compiled(inputs);
    process.emitWarning = emitWarning;
    expect(warnings).toEqual([]);
    for (const [key, expected] of Object.entries(step(inputs))) {
      const difference = actual[key]!.sub(expected).abs().max().dataSync()[0]!;
      const size = Math.max(1, expected.abs().max().dataSync()[0]!);
      expect(difference / size, key).toBeLessThan(1e-5);
      expect(actual[key]!.shape).toEqual(expected.shape);
    }
  });
});
