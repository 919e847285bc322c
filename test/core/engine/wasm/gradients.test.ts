import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { batchNormTraining } from '../../../../src/core/engine/ops/batch-norm.ts';
import { openWasm } from '../../../../src/core/engine/wasm/wasm-engine.ts';
import {
  distinctInput,
  gradientError,
  randomInput,
  type TestInput,
} from '../../../support/finite-differences.ts';

const TOLERANCE = 2e-3;

beforeAll(async () => {
  await openWasm({ reason: 'test' });
});

function expectRightGradient(
  run: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly TestInput[],
  step = 1e-2,
): void {
  expect(gradientError(run, inputs, { step })).toBeLessThan(TOLERANCE);
}

type Pad = 'same' | 'valid' | number | tf.backend_util.ExplicitPadding;

describe('convolutions learn by the right gradient', () => {
  const cases: [number[], number[], number | [number, number], Pad][] = [
    [[2, 6, 7, 3], [1, 1, 3, 4], 1, 'same'],
    [[2, 6, 7, 3], [1, 1, 3, 4], 2, 'same'],
    [[2, 6, 7, 3], [1, 1, 3, 4], 1, 0],
    [[2, 6, 7, 3], [3, 3, 3, 4], 1, 'same'],
    [[2, 6, 7, 3], [3, 3, 3, 4], 1, 1],
    [[2, 6, 7, 3], [3, 3, 3, 4], 1, 'valid'],
    [[2, 8, 7, 3], [3, 3, 3, 4], 2, 'same'],
    [[2, 8, 7, 3], [3, 3, 3, 4], 2, 1],
    [[2, 9, 8, 3], [3, 3, 3, 4], 2, 'valid'],
    [[1, 9, 10, 2], [3, 3, 2, 3], 3, 'same'],
    [[1, 9, 11, 1], [7, 7, 1, 3], 2, 3],
    [[1, 9, 8, 2], [7, 7, 2, 2], 1, 'same'],
    [[1, 8, 9, 2], [3, 5, 2, 3], [1, 2], 'same'],
    [[1, 8, 9, 2], [4, 4, 2, 3], 2, 'same'],
    [
      [1, 7, 8, 2],
      [2, 3, 2, 3],
      2,
      [
        [0, 0],
        [1, 0],
        [0, 2],
        [0, 0],
      ],
    ],
    [[2, 5, 5, 18], [3, 3, 18, 36], 2, 1],
    // Channels and pixels that fill no whole vectors, or fill them exactly.
    [[1, 4, 5, 5], [3, 3, 5, 6], 1, 'same'],
    [[1, 4, 5, 7], [3, 3, 7, 9], 1, 'same'],
    [[1, 4, 5, 8], [1, 1, 8, 15], 1, 'same'],
    [[2, 4, 4, 16], [3, 3, 16, 16], 1, 'same'],
    [[1, 3, 3, 2], [1, 1, 2, 2], 1, 1],
  ];
  it.each(cases)('conv2d %j * %j, strides %j, padding %j', (image, filter, strides, pad) => {
    expectRightGradient(
      (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad as number),
      [randomInput(image), randomInput(filter, { seed: 2 })],
    );
  });

  it.each([
    [[1, 4, 3, 2], [4, 4, 3, 2], 2, 'same', [1, 8, 6, 3]],
    [[1, 4, 3, 2], [3, 3, 3, 2], 2, 'same', [1, 8, 6, 3]],
    [[1, 4, 5, 2], [3, 3, 3, 2], 1, 'valid', [1, 6, 7, 3]],
  ] as [number[], number[], number, 'same' | 'valid', [number, number, number, number]][])(
    'conv2dTranspose %j * %j, stride %d, %s',
    (image, filter, stride, pad, outShape) => {
      expectRightGradient(
        (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, outShape, stride, pad),
        [randomInput(image), randomInput(filter, { seed: 2 })],
      );
    },
  );

  it.each([
    [1, 'same', 1],
    [2, 'same', 1],
    [2, 1, 1],
    [1, 'valid', 2],
  ] as [number, 'same' | 'valid' | number, number][])(
    'depthwiseConv2d stride %d, padding %s, multiplier %d',
    (stride, pad, multiplier) => {
      expectRightGradient(
        (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad as 'same'),
        [randomInput([2, 7, 6, 3]), randomInput([3, 3, 3, multiplier], { seed: 2 })],
      );
    },
  );
});

describe('normalisation, activation, pooling and resizing learn by the right gradient', () => {
  it.each([[[2, 3, 4, 5]], [[1, 3, 5, 3]], [[3, 1, 1, 6]], [[1, 3, 3, 1]], [[1, 3, 3, 8]]])(
    'batch norm by the batch, %j',
    (shape) => {
      const channels = shape.slice(-1);
      expectRightGradient(
        (x, scale, offset) => tf.square(batchNormTraining(x as tf.Tensor4D, scale, offset, 1e-5).output),
        [
          randomInput(shape),
          randomInput(channels, { seed: 2, low: 0.5, high: 1.5 }),
          randomInput(channels, { seed: 3 }),
        ],
        5e-3,
      );
    },
  );

  it('batch norm by stored statistics', () => {
    expectRightGradient(
      (x, scale, offset) =>
        tf.batchNorm(
          x,
          tf.tensor1d([0.1, -0.2, 0.3]),
          tf.tensor1d([1, 2, 0.5]),
          offset as tf.Tensor1D,
          scale as tf.Tensor1D,
          1e-5,
        ),
      [randomInput([2, 3, 2, 3]), randomInput([3], { seed: 2 }), randomInput([3], { seed: 3 })],
    );
  });

  it.each([[[2, 3, 4]], [[6]], [[2]]])('relu, %j', (shape) => {
    expectRightGradient((x) => tf.relu(x), [distinctInput(shape)]);
  });

  it.each([
    [2, 2, 'same'],
    [3, 2, 'same'],
    [3, 1, 'same'],
    [3, 2, 'valid'],
    [3, 2, 1],
  ] as [number, number, 'same' | 'valid' | number][])(
    'maxPool and avgPool of %d, stride %d, padding %s',
    (size, stride, pad) => {
      const image = distinctInput([1, 7, 6, 3]);
      expectRightGradient((x) => tf.avgPool(x as tf.Tensor4D, size, stride, pad), [image]);
      expectRightGradient((x) => tf.maxPool(x as tf.Tensor4D, size, stride, pad), [image], 2e-3);
    },
  );

  describe.each([
    [false, false],
    [true, false],
    [false, true],
  ])('resizeBilinear with alignCorners %s and halfPixelCenters %s', (alignCorners, halfPixelCenters) => {
    it.each([
      [
        [2, 3, 4, 3],
        [6, 8],
      ],
      [
        [1, 3, 5, 2],
        [7, 6],
      ],
      [
        [1, 6, 8, 2],
        [3, 5],
      ],
      [
        [2, 2, 3, 9],
        [4, 5],
      ],
      [
        [1, 4, 3, 2],
        [1, 1],
      ],
      [
        [1, 1, 1, 2],
        [3, 4],
      ],
    ] as [number[], [number, number]][])('%j to %j', (from, to) => {
      expectRightGradient(
        (x) => tf.image.resizeBilinear(x as tf.Tensor4D, to, alignCorners, halfPixelCenters),
        [randomInput(from)],
      );
    });
  });
});

describe('matrix products learn by the right gradient', () => {
  it.each([
    [[4, 3], [3, 5], false, false],
    [[3, 4], [3, 5], true, false],
    [[4, 3], [5, 3], false, true],
    [[3, 4], [5, 3], true, true],
    [[2, 4, 3], [2, 3, 5], false, false],
    [[2, 3, 4], [2, 5, 3], true, true],
    [[2, 3, 4, 3], [2, 3, 3, 2], false, false],
    [[2, 3, 3, 4], [2, 3, 2, 3], true, true],
    [[9, 7], [9, 13], true, false],
    [[9, 7], [14, 7], false, true],
    [[1, 8], [8, 1], false, false],
  ])('matMul %j x %j, transposed: %s, %s', (a, b, transposeA, transposeB) => {
    expectRightGradient(
      (left, right) => tf.matMul(left, right, transposeA, transposeB),
      [randomInput(a), randomInput(b, { seed: 2 })],
    );
  });
});

describe('everything else that a network is made of learns by the right gradient', () => {
  const indices = () => tf.tensor1d([0, 3, 3, 1], 'int32');
  const mask = () => tf.greater(tf.tensor(randomInput([4, 2, 3, 2]).values, [4, 2, 3, 2]), 0);
  const operations: [string, (x: tf.Tensor) => tf.Tensor][] = [
    ['gather', (x) => tf.square(tf.gather(x, indices()))],
    ['gather along another axis', (x) => tf.square(tf.gather(x, tf.tensor1d([2, 0, 2], 'int32'), 2))],
    ['concat', (x) => tf.square(tf.concat([x, tf.mul(x, 2)], 3))],
    ['split', (x) => tf.square(tf.split(x, [1, 2], 2)[1] as tf.Tensor)],
    ['slice', (x) => tf.square(tf.slice(x, [1, 0, 1, 0], [2, 2, 2, 1]))],
    ['stack and unstack', (x) => tf.square(tf.unstack(tf.stack([x, tf.mul(x, 3)]), 1)[1] as tf.Tensor)],
    [
      'pad',
      (x) =>
        tf.square(
          tf.pad(x, [
            [0, 0],
            [1, 2],
            [0, 1],
            [0, 0],
          ]),
        ),
    ],
    ['tile', (x) => tf.square(tf.tile(x, [2, 1, 3, 1]))],
    ['transpose', (x) => tf.square(tf.transpose(x, [3, 1, 0, 2]))],
    ['reverse', (x) => tf.mul(tf.reverse(x, 1), x)],
    ['softmax', (x) => tf.softmax(x)],
    ['logSoftmax', (x) => tf.logSoftmax(x)],
    ['logSumExp', (x) => tf.logSumExp(x, [1, 2])],
    ['softplus', (x) => tf.softplus(x)],
    ['sigmoid', (x) => tf.sigmoid(x)],
    ['tanh', (x) => tf.tanh(x)],
    ['exp', (x) => tf.exp(x)],
    ['log', (x) => tf.log(tf.add(x, 2))],
    ['sqrt', (x) => tf.sqrt(tf.add(x, 2))],
    ['abs', (x) => tf.abs(x)],
    ['leakyRelu', (x) => tf.leakyRelu(x, 0.1)],
    ['relu6', (x) => tf.relu6(tf.mul(x, 3))],
    ['clip', (x) => tf.clipByValue(x, -0.505, 0.505)],
    ['maximum', (x) => tf.maximum(x, tf.scalar(0.001))],
    ['where', (x) => tf.where(mask(), x, tf.mul(x, 3))],
    ['division', (x) => tf.div(x, tf.add(tf.square(x), 1))],
    ['broadcast product', (x) => tf.mul(x, tf.slice(x, [0, 0, 0, 0], [1, -1, 1, -1]))],
    ['broadcast sum', (x) => tf.square(tf.add(x, tf.slice(x, [0, 0, 0, 0], [1, 1, -1, 1])))],
    ['squaredDifference', (x) => tf.squaredDifference(x, tf.square(x))],
    ['sum over separate axes', (x) => tf.square(tf.sum(x, [0, 2]))],
    ['mean', (x) => tf.square(tf.mean(x, [1, 2], true))],
    ['max', (x) => tf.max(x, 2)],
    ['norm', (x) => tf.norm(x)],
  ];
  it.each(operations)('%s', (_name, run) => {
    expectRightGradient(run, [distinctInput([4, 2, 3, 2])], 5e-3);
  });
});
