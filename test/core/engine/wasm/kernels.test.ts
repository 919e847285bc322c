import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { batchNormTraining } from '../../../../src/core/engine/ops/batch-norm.ts';
import { openWasm } from '../../../../src/core/engine/wasm/wasm-engine.ts';
import { randomInput } from '../../../support/finite-differences.ts';

beforeAll(async () => {
  await openWasm({ reason: 'test' });
});

const values = (run: () => tf.Tensor): number[] => tf.tidy(() => Array.from(run().dataSync()));

function expectClose(actual: readonly number[], expected: readonly number[], tolerance = 1e-5): void {
  expect(actual.length).toBe(expected.length);
  const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
  expect(worst).toBeLessThan(tolerance);
}

describe('sums', () => {
  it('do not lose a large sum of small numbers to rounding', () => {
    const many = tf.fill([4_000_000], 0.1);
    expect(values(() => tf.sum(many))[0]).toBeCloseTo(400_000, 0);
    expect(values(() => tf.mean(many))[0]).toBeCloseTo(0.1, 6);
    many.dispose();
  });

  it.each([[[0]], [[1]], [[2]], [[0, 2]], [[1, 2]], [[0, 1, 2]], [[0, 1]]])('over axes %j', (axes) => {
    const { values: x } = randomInput([2, 3, 4]);
    const expected = new Map<string, number>();
    x.forEach((value, i) => {
      const place = [Math.floor(i / 12), Math.floor(i / 4) % 3, i % 4].filter(
        (_, axis) => !axes.includes(axis),
      );
      expected.set(place.join(), (expected.get(place.join()) ?? 0) + value);
    });
    expectClose(
      values(() => tf.sum(tf.tensor(x, [2, 3, 4]), axes)),
      [...expected.values()],
    );
    const count = axes.reduce((product, axis) => product * [2, 3, 4][axis]!, 1);
    const means = [...expected.values()].map((sum) => sum / count);
    expectClose(
      values(() => tf.mean(tf.tensor(x, [2, 3, 4]), axes, true)),
      means,
    );
  });

  it('of a scalar and of whole numbers', () => {
    const x = tf.scalar(3);
    expect(values(() => tf.sum(x))).toEqual([3]);
    expect(x.dataSync()[0]).toBe(3);
    expect(tf.tidy(() => tf.sum(tf.tensor1d([1, 2, 4], 'int32')).dtype)).toBe('int32');
    expect(values(() => tf.mean(tf.tensor1d([1, 2, 6], 'int32')))).toEqual([3]);
  });
});

describe('matrix products', () => {
  it('do not reuse the numbers of a matrix that has the same memory under another shape', () => {
    const b = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    expect(values(() => tf.matMul(tf.tensor2d([[1, 1]]), b))).toEqual([5, 7, 9]);
    const turned = tf.reshape(b, [3, 2]) as tf.Tensor2D;
    expect(values(() => tf.matMul(tf.tensor2d([[1, 1, 1]]), turned))).toEqual([9, 12]);
    tf.dispose([b, turned]);
  });

  it('repeat the matrices of a batch of one', () => {
    const [a, b] = [tf.ones([2, 1, 1, 2]), tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 3, 2, 1])];
    expect(values(() => tf.matMul(a, b))).toEqual([3, 7, 11, 3, 7, 11]);
    const c = tf.tensor3d([1, 2, 3, 4], [2, 1, 2]);
    const d = tf.tensor3d([1, 1], [1, 2, 1]);
    expect(values(() => tf.matMul(c, d))).toEqual([3, 7]);
    tf.dispose([a, b, c, d]);
  });
});

describe('batch norm', () => {
  it('gives the unbiased variance that PyTorch keeps', () => {
    const x = tf.tensor4d([1, 10, 2, 20, 3, 30, 6, 40], [1, 2, 2, 2]);
    const { output, mean, variance } = batchNormTraining(x, tf.ones([2]), tf.zeros([2]), 0);
    expectClose(Array.from(mean.dataSync()), [3, 25]);
    expectClose(Array.from(variance.dataSync()), [14 / 3, 500 / 3], 1e-3);
    expectClose(Array.from(output.dataSync()).slice(0, 2), [-2 / Math.sqrt(3.5), -15 / Math.sqrt(125)]);
  });
});

describe('comparing', () => {
  it.each([
    [
      [2, 3, 4],
      [2, 1, 4],
    ],
    [
      [2, 3, 4],
      [2, 1, 1],
    ],
    [
      [2, 3, 4],
      [1, 3, 1],
    ],
    [
      [3, 4],
      [3, 4],
    ],
    [[3, 4], [4]],
  ])('%j with %j', (shape, other) => {
    const [a, b] = [shape, other].map((each) => {
      const size = tf.util.sizeFromShape(each);
      return tf.tensor(
        Float32Array.from({ length: size }, (_, i) => (i * i) % 3),
        each,
      );
    }) as [tf.Tensor, tf.Tensor];
    const difference = values(() => tf.sub(a, b));
    expect(values(() => tf.cast(tf.equal(a, b), 'float32'))).toEqual(
      difference.map((d) => (d === 0 ? 1 : 0)),
    );
    tf.dispose([a, b]);
  });
});

describe('a clone', () => {
  it('keeps its numbers when the original is gone', () => {
    const original = tf.tensor1d([1, 2, 3]);
    const copy = tf.clone(original);
    original.dispose();
    const other = tf.tensor1d([7, 8, 9]);
    expect(Array.from(copy.dataSync())).toEqual([1, 2, 3]);
    tf.dispose([copy, other]);
  });
});

describe('a convolution of single pixels', () => {
  it('sees the zeros around an image', () => {
    const [x, w] = [tf.ones([1, 2, 2, 1]) as tf.Tensor4D, tf.fill([1, 1, 1, 1], 3) as tf.Tensor4D];
    const out = values(() => tf.conv2d(x, w, 1, 1));
    expect(out).toEqual([0, 0, 0, 0, 0, 3, 3, 0, 0, 3, 3, 0, 0, 0, 0, 0]);
    tf.dispose([x, w]);
  });
});

describe('convolutions with holes', () => {
  it('are left to the stock kernel', () => {
    const [x, w] = [
      tf.range(0, 25).reshape([1, 5, 5, 1]) as tf.Tensor4D,
      tf.ones([2, 2, 1, 1]) as tf.Tensor4D,
    ];
    const out = values(() => tf.conv2d(x, w, 1, 'valid', 'NHWC', 2));
    expect(out).toEqual([0, 1, 2, 5, 6, 7, 10, 11, 12].map((first) => 4 * first + 24));
    tf.dispose([x, w]);
  });
});

describe('moving numbers about', () => {
  it('cuts boxes out of tensors of every rank', () => {
    const x = tf.range(0, 120, 1).reshape([2, 3, 4, 5]);
    const box = values(() => tf.slice(x, [1, 1, 2, 1], [1, 2, 2, 3]));
    expect(box).toEqual([91, 92, 93, 96, 97, 98, 111, 112, 113, 116, 117, 118]);
    expect(values(() => tf.slice(x, [1, 0, 0, 4], [1, 1, 4, 1]))).toEqual([64, 69, 74, 79]);
    expect(values(() => tf.split(tf.range(0, 6, 1), [1, 3, 2])[1]!)).toEqual([1, 2, 3]);
    x.dispose();
  });

  it('repeats a tensor along its axes', () => {
    expect(values(() => tf.tile(tf.tensor2d([[1, 2]]), [2, 2]))).toEqual([1, 2, 1, 2, 1, 2, 1, 2]);
    expect(values(() => tf.tile(tf.tensor2d([[1], [2]]), [1, 3]))).toEqual([1, 1, 1, 2, 2, 2]);
  });

  it('warps an image bilinearly by a projective transform', () => {
    const image = tf.tensor4d([0, 1, 2, 3, 4, 5, 6, 7, 8], [1, 3, 3, 1]);
    const shift = tf.tensor2d([[1, 0, 0.5, 0, 1, 0, 0, 0]]);
    const warped = values(() => tf.image.transform(image, shift, 'bilinear', 'nearest'));
    expectClose(warped, [0.5, 1.5, 2, 3.5, 4.5, 5, 6.5, 7.5, 8]);
    tf.dispose([image, shift]);
  });

  it.each([
    [1, 'same'],
    [2, 'same'],
    [2, 'valid'],
    [2, 1],
    [1, 2],
  ] as [number, 'same' | 'valid' | number][])(
    'convolves with stride %d and padding %s as its definition says',
    (stride, pad) => {
      const [x, w] = [randomInput([2, 7, 6, 3]), randomInput([3, 3, 3, 4], { seed: 2 })];
      const out = tf.conv2d(
        tf.tensor(x.values, [2, 7, 6, 3]) as tf.Tensor4D,
        tf.tensor(w.values, [3, 3, 3, 4]) as tf.Tensor4D,
        stride,
        pad,
      );
      const info = tf.backend_util.computeConv2DInfo([2, 7, 6, 3], [3, 3, 3, 4], stride, 1, pad);
      expectClose(Array.from(out.dataSync()), convolve(x.values, w.values, info));
    },
  );
});

function convolve(x: Float32Array, w: Float32Array, info: tf.backend_util.Conv2DInfo): number[] {
  const out: number[] = [];
  for (let b = 0; b < info.batchSize; b++)
    for (let oy = 0; oy < info.outHeight; oy++)
      for (let ox = 0; ox < info.outWidth; ox++)
        for (let o = 0; o < info.outChannels; o++) out.push(convolveAt(x, w, info, [b, oy, ox, o]));
  return out;
}

function convolveAt(
  x: Float32Array,
  w: Float32Array,
  info: tf.backend_util.Conv2DInfo,
  [b, outY, outX, o]: [number, number, number, number],
): number {
  let sum = 0;
  for (let r = 0; r < info.filterHeight; r++) {
    for (let c = 0; c < info.filterWidth; c++) {
      const y = outY * info.strideHeight + r - info.padInfo.top;
      const column = outX * info.strideWidth + c - info.padInfo.left;
      if (y < 0 || y >= info.inHeight || column < 0 || column >= info.inWidth) continue;
      for (let i = 0; i < info.inChannels; i++) {
        const pixel = ((b * info.inHeight + y) * info.inWidth + column) * info.inChannels + i;
        const weight = ((r * info.filterWidth + c) * info.inChannels + i) * info.outChannels + o;
        sum += x[pixel]! * w[weight]!;
      }
    }
  }
  return sum;
}
