import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Engine, TensorFunction } from '../../../../../src/core/engine/engine.ts';
import { batchNormTraining } from '../../../../../src/core/engine/ops/batch-norm.ts';
import { Random } from '../../../../../src/core/random.ts';
import { adamw } from '../../../../../src/plugins/optimizers/adamw.ts';
import { nativeIsMissing, openTestNative } from '../../native/open-native.ts';
import { rewrittenNodes, rewrittenOps } from './rewritten.ts';

const random = new Random(5);

function draw(shape: number[], mean = 0): tf.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => random.normal(mean, 1)),
    shape,
  );
}

/** Large enough for the passes that leave small tensors alone. */
const LARGE = 20_000;

describe.skipIf(nativeIsMissing)('a rewritten graph', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openTestNative();
  });

  /** @param tolerance of each number, against the largest of its tensor. */
  function expectEager(run: TensorFunction, inputs: tf.NamedTensorMap, tolerance = 2e-6): void {
    const expected = run(inputs);
    const actual = engine.compile('test', run)(inputs);
    for (const [name, tensor] of Object.entries(expected)) {
      const largest = tf.max(tf.abs(tensor)).dataSync()[0]!;
      const difference = tf.max(tf.abs(tf.sub(tensor, actual[name]!))).dataSync()[0]!;
      expect(difference, name).toBeLessThan(tolerance * Math.max(largest, 1e-3));
    }
  }

  const withGradients =
    (
      loss: (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor, other: tf.Tensor) => tf.Tensor,
    ): TensorFunction =>
    ({ x, scale, offset, other }) => {
      const { value, grads } = tf.valueAndGrads(loss as never)([x!, scale!, offset!, other!]);
      return { value, x: grads[0]!, scale: grads[1]!, offset: grads[2]!, other: grads[3]! };
    };

  const batchNormRelu = withGradients((x, scale, offset, other) => {
    const { output } = batchNormTraining(x as tf.Tensor4D, scale, offset, 1e-5);
    return tf.sum(tf.mul(tf.relu(output), other));
  });

  const residualEnd = withGradients((x, scale, offset, other) => {
    const { output } = batchNormTraining(x as tf.Tensor4D, scale, offset, 1e-5);
    return tf.sum(tf.square(tf.relu(tf.add(other, output))));
  });

  const mapsOf = (shape: number[]) => ({
    x: draw(shape, 3),
    scale: draw([shape[3]!]),
    offset: draw([shape[3]!]),
    other: draw(shape),
  });

  test.each([[[2, 5, 7, 3]], [[1, 9, 4, 16]], [[2, 33, 31, 18]], [[3, 1, 1, 1]], [[1, 70, 70, 36]]])(
    'batch norm and ReLU of %j, forwards and backwards',
    (shape) => {
      expectEager(batchNormRelu, mapsOf(shape));
      expectEager(residualEnd, mapsOf(shape));
    },
  );

  test('has no ReLU of its own after batch norm, nor in the gradient', () => {
    const ops = rewrittenOps(batchNormRelu, mapsOf([2, 4, 4, 3]));
    expect(ops.filter((op) => op.startsWith('Relu'))).toEqual([]);
  });

  test("has no addition of its own at a residual block's end", () => {
    const ops = rewrittenOps(residualEnd, mapsOf([2, 4, 4, 3]));
    expect(ops.filter((op) => op === 'Relu' || op === 'Add')).toEqual([]);
    expect(ops).toContain('ReluGrad');
  });

  test('leaves a batch norm alone whose output somebody else reads', () => {
    const both: TensorFunction = ({ x, scale, offset }) => {
      const { output } = batchNormTraining(x as tf.Tensor4D, scale!, offset!, 1e-5);
      return { plain: tf.mul(output, 2), cut: tf.relu(output) };
    };
    expect(rewrittenOps(both, mapsOf([2, 4, 4, 3]))).toContain('Relu');
    expectEager(both, mapsOf([2, 4, 4, 3]));
  });

  test('does not add to a batch norm what is computed from it', () => {
    const self: TensorFunction = ({ x, scale, offset }) => {
      const { output, mean } = batchNormTraining(x as tf.Tensor4D, scale!, offset!, 1e-5);
      return { y: tf.relu(tf.add(tf.mul(tf.onesLike(x!), mean), output)) };
    };
    expectEager(self, mapsOf([2, 4, 4, 3]));
  });

  test('goes through memory once for an optimizer, the clipping before it and the average after it', () => {
    const optimizer = adamw.create({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-2 }, {});
    const update: TensorFunction = (inputs) => {
      const finite = tf.isFinite(inputs.length!);
      const scaled = tf.mul(inputs.gradient!, tf.minimum(1, tf.div(1, inputs.length!)));
      const gradient = tf.where(finite, scaled, tf.zerosLike(scaled)) as tf.Tensor1D;
      const { parameters, slots } = optimizer.update({
        parameters: inputs.parameters as tf.Tensor1D,
        gradient,
        slots: { first: inputs.first as tf.Tensor1D, second: inputs.second as tf.Tensor1D },
        decayMask: inputs.mask as tf.Tensor1D,
        learningRate: inputs.rate as tf.Scalar,
        step: inputs.step as tf.Scalar,
      });
      const average = tf.add(tf.mul(inputs.average!, 0.9), tf.mul(parameters, 0.1));
      return { parameters, ...slots, average };
    };
    const vectors = ['parameters', 'gradient', 'first', 'mask', 'average'].map((name) => [
      name,
      draw([LARGE]),
    ]);
    const inputsOf = (length: number): tf.NamedTensorMap => ({
      ...Object.fromEntries(vectors),
      second: tf.square(draw([LARGE])),
      length: tf.scalar(length),
      rate: tf.scalar(1e-2),
      step: tf.scalar(3),
    });
    const ops = rewrittenOps(update, inputsOf(2));
    expect(ops.filter((op) => op === 'FsxElementwise')).toHaveLength(1);
    expect(ops.filter((op) => op === 'Select' || op === 'Sqrt')).toEqual(['Sqrt']);
    expectEager(update, inputsOf(2));
    expectEager(update, inputsOf(0.5));
    expectEager(update, { ...inputsOf(2), length: tf.scalar(Number.NaN) });
  });

  test('every elementwise op gives what it gives alone', () => {
    expectEager(
      ({ a, b }) => ({
        sum: tf.neg(tf.add(tf.mul(a!, 3), tf.sub(1, b!))),
        extremes: tf.maximum(tf.minimum(tf.mul(a!, b!), 0.25), tf.div(-0.5, tf.add(tf.abs(b!), 1))),
        roots: tf.sqrt(tf.relu(tf.sub(tf.square(a!), b!))),
      }),
      { a: draw([LARGE + 3]), b: draw([LARGE + 3]) },
    );
  });

  test('what leads out of a chain and back into it stays outside', () => {
    const around: TensorFunction = ({ a }) => {
      const doubled = tf.mul(a!, 2);
      const mean = tf.mean(doubled);
      return { y: tf.square(tf.sub(doubled, mean)) };
    };
    expect(rewrittenOps(around, { a: draw([LARGE]) })).toEqual(
      expect.arrayContaining(['Mul', 'Mean', 'FsxElementwise']),
    );
    expectEager(around, { a: draw([LARGE]) });
  });

  test('two chains of different shapes that need each other in turn', () => {
    expectEager(
      ({ a, b }) => {
        const first = tf.add(tf.mul(a!, 2), 1);
        const second = tf.add(tf.mul(b!, tf.mean(first)), 1);
        const third = tf.sub(tf.mul(first, tf.mean(second)), 3);
        return { third, fourth: tf.mul(tf.add(second, tf.max(third)), 2) };
      },
      { a: draw([LARGE]), b: draw([2, LARGE]) },
    );
  });

  test('batch norm by stored statistics becomes part of the convolution before it', () => {
    const inference: TensorFunction = ({ x, kernel, mean, variance, offset, scale }) => {
      const maps = tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, 'same');
      const [m, v, o, s] = [mean, variance, offset, scale] as tf.Tensor1D[];
      return { y: tf.relu(tf.batchNorm(maps, m!, v!, o!, s!, 1e-5)) };
    };
    const inputs = {
      ...{ x: draw([2, 8, 8, 5]), kernel: draw([3, 3, 5, 7]), mean: draw([7]) },
      ...{ variance: tf.square(draw([7])), offset: draw([7]), scale: draw([7]) },
    };
    expect(rewrittenOps(inference, inputs)).not.toContain('FusedBatchNorm');
    expectEager(inference, inputs, 1e-5);
  });

  describe('convolutions that keep the size of the maps', () => {
    type Padding = Parameters<typeof tf.conv2d>[3];
    const convolve = (x: tf.Tensor, kernel: tf.Tensor, padding: Padding = 'same', stride = 1, dilation = 1) =>
      tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, stride, padding, 'NHWC', dilation);
    const withGradient =
      (padding?: Padding): TensorFunction =>
      ({ x, kernel, other }) => {
        const run = (maps: tf.Tensor, weights: tf.Tensor) => convolve(maps, weights, padding);
        const [dx, dKernel] = tf.grads(run)([x!, kernel!], other);
        return { y: run(x!, kernel!), dx: dx!, dKernel: dKernel! };
      };
    /** A residual block of a prediction. */
    const residual: TensorFunction = ({ x, kernel, bias, other }) => ({
      y: tf.relu(tf.add(other!, tf.add(convolve(x!, kernel!), bias!))),
    });
    const inputsOf = ([batch, height, width, from, to, side]: number[]) => ({
      ...{ x: draw([batch!, height!, width!, from!]), kernel: draw([side!, side!, from!, to!]) },
      ...{ bias: draw([to!]), other: draw([batch!, height!, width!, to!]) },
    });
    const counted = (op: string, ...call: Parameters<typeof rewrittenOps>) =>
      rewrittenOps(...call).filter((name) => name === op).length;

    // Widths below, at and above a register's sixteen; results in blocks of four and of six, with and without a rest.
    test.each([
      [[1, 16, 16, 6, 6, 3]],
      [[2, 64, 64, 18, 18, 3]],
      [[1, 33, 31, 1, 2, 3]],
      [[3, 5, 47, 3, 8, 3]],
      [[1, 1, 16, 2, 1, 3]],
      [[1, 70, 33, 7, 9, 3]],
      [[1, 40, 15, 20, 36, 3]],
      [[2, 9, 30, 5, 20, 1]],
      [[1, 64, 64, 64, 36, 1]],
    ])('of %j, forwards and backwards, with what follows', (shape) => {
      const inputs = inputsOf(shape);
      expect(counted('FsxConvolution', withGradient(), inputs)).toBeGreaterThan(0);
      expectEager(withGradient(), inputs, 1e-5);
      expectEager(residual, inputs, 1e-5);
    });

    test('are one op with their bias, the addition and ReLU', () => {
      const inputs = inputsOf([1, 16, 16, 6, 6, 3]);
      expect(rewrittenOps(residual, inputs)).toEqual(['FsxConvolution']);
    });

    test('may have their padding spelled out', () => {
      const inputs = inputsOf([2, 16, 16, 6, 6, 3]);
      expect(counted('FsxConvolution', withGradient(1), inputs)).toBe(2);
      expectEager(withGradient(1), inputs, 1e-5);
    });

    test('leave to others what others read, too', () => {
      const inputs = inputsOf([1, 16, 16, 6, 6, 3]);
      const read: TensorFunction = ({ x, kernel }) => {
        const y = convolve(x!, kernel!);
        return { y, cut: tf.relu(y), twice: tf.add(y, y) };
      };
      const doubled: TensorFunction = ({ x, kernel }) => {
        const y = convolve(x!, kernel!);
        return { y: tf.add(y, y) };
      };
      expect(counted('Relu', read, inputs)).toBe(1);
      expect(counted('Add', doubled, inputs)).toBe(1);
      expectEager(read, inputs, 1e-5);
      expectEager(doubled, inputs, 1e-5);
    });

    test("are TensorFlow's own where they move by two, are spread, larger, cut or wide", () => {
      const left = (
        side: number,
        channels: number,
        ...how: [padding?: Padding, stride?: number, dilation?: number]
      ) => {
        const inputs = inputsOf([1, 16, 16, channels, channels, side]);
        const run: TensorFunction = ({ x, kernel }) => ({ y: convolve(x!, kernel!, ...how) });
        expectEager(run, inputs, 1e-5);
        return counted('Conv2D', run, inputs);
      };
      expect(left(3, 6, 'same', 2)).toBe(1);
      expect(left(3, 6, 'same', 1, 2)).toBe(1);
      expect(left(5, 6)).toBe(1);
      expect(left(3, 6, 'valid')).toBe(1);
      expect(
        left(1, 6, [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ]),
      ).toBe(1);
      expect(left(3, 144)).toBe(1);
      expect(left(3, 6)).toBe(0);
    });
  });

  describe('gradients of a convolution with padding on every side and a stride', () => {
    const convolution: TensorFunction = ({ x, kernel }) => {
      const convolve = (maps: tf.Tensor, weights: tf.Tensor) =>
        tf.sum(tf.square(tf.conv2d(maps as tf.Tensor4D, weights as tf.Tensor4D, 2, 1)));
      const [dx, dKernel] = tf.grads(convolve)([x!, kernel!]);
      return { dx: dx!, dKernel: dKernel! };
    };
    const inputsOf = (size: number) => ({ x: draw([1, size, size + 3, 4]), kernel: draw([3, 3, 4, 5]) });

    test('pad large maps first', () => {
      expect(rewrittenOps(convolution, inputsOf(256))).toContain('PadV2');
      expectEager(convolution, inputsOf(256), 1e-4);
      expectEager(convolution, inputsOf(255), 1e-4);
    });

    test('leave small maps to the convolution', () => {
      expect(rewrittenOps(convolution, inputsOf(16))).not.toContain('PadV2');
    });
  });

  test('has no reshape that changes nothing, but where it is what is asked for', () => {
    const reshaped: TensorFunction = ({ a }) => {
      const same = tf.reshape(a!, [2, 3]);
      return { same, y: tf.sin(same), z: tf.sin(tf.reshape(a!, [6])) };
    };
    const inputs = { a: draw([2, 3]) };
    expect(rewrittenNodes(reshaped, inputs).filter(({ op }) => op === 'Reshape')).toHaveLength(2);
    expectEager(reshaped, inputs);
  });

  test('holds nothing that no output needs', () => {
    const unused: TensorFunction = ({ a }) => {
      tf.exp(a!);
      return { y: tf.sin(a!) };
    };
    expect(rewrittenOps(unused, { a: draw([3]) })).toEqual(['Sin']);
  });
});
