import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { peaksOf } from '../../../src/core/nn/heatmap-peaks.ts';
import { gaussianHeatmaps } from '../../../src/core/training/heatmap-targets.ts';
import { ENGINES } from '../../support/engines.ts';
import { expectClose } from '../../support/expect-close.ts';
import { formula } from '../../support/formula.ts';

const [HEIGHT, WIDTH] = [16, 24];

describe.each(ENGINES)('the peaks of heatmaps on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  it.each([1.5, 2, 4])(
    'of a Gaussian with σ %d px lie within a hundredth of a pixel of its centre',
    (sigma) => {
      const points = pointsPx('inside', 40, 2, [WIDTH - 3, HEIGHT - 3]);
      expectPixels(found(points, sigma), points, 0.01);
    },
  );

  it.each([1.5, 2, 4])('also in the outermost pixels and half a pixel beyond them (σ %d)', (sigma) => {
    const [right, bottom] = [WIDTH - 1, HEIGHT - 1];
    const corners = [
      [-0.4, -0.4],
      [right + 0.4, bottom + 0.4],
      [0.3, bottom + 0.2],
      [right - 0.3, 0.1],
      [7.3, -0.5],
      [-0.2, 6.6],
    ] as const;
    expectPixels(found(corners, sigma), corners, 0.01);
  });

  it('keep the order of images and landmarks', () => {
    const points = pointsPx('order', 6, 2, [WIDTH - 3, HEIGHT - 3]);
    const heatmaps = drawn(points, 2, 2);
    expect(heatmaps.shape).toEqual([2, HEIGHT, WIDTH, 3]);
    expectPixels(peaksOf(heatmaps), points, 0.01);
  });

  it('stay within half a pixel under noise of a twentieth of the peak', () => {
    const points = pointsPx('noisy', 20, 2, [WIDTH - 3, HEIGHT - 3]);
    const clean = drawn(points, 2);
    const noise = tf.tensor(formula('noise', clean.size), clean.shape);
    const noisy = tf.add(clean, tf.mul(tf.sub(noise, 0.5), 0.1)) as tf.Tensor4D;
    expectPixels(peaksOf(noisy), points, 0.5);
  });

  it('of maps without a peak are finite, and the brightest pixel of a plateau', () => {
    const flat = peaksOf(tf.zeros([1, HEIGHT, WIDTH, 2])).dataSync();
    expect([...flat].every((value) => value >= 0 && value <= 1)).toBe(true);
    const single = tf.buffer([1, HEIGHT, WIDTH, 1]);
    for (const row of [7, 8, 9]) for (const column of [4, 5, 6]) single.set(1, 0, row, column, 0);
    expectPixels(peaksOf(single.toTensor() as tf.Tensor4D), [[4, 7]], 1);
  });
});

type Pixel = readonly [x: number, y: number];

/** Pixel positions, 0 in the centre of the first. */
function pointsPx(name: string, count: number, low: number, [right, bottom]: Pixel): Pixel[] {
  const values = formula(name, 2 * count);
  return Array.from({ length: count }, (_, i) => [
    low + (right - low) * values[2 * i]!,
    low + (bottom - low) * values[2 * i + 1]!,
  ]);
}

function drawn(points: readonly Pixel[], sigma: number, images = 1): tf.Tensor4D {
  const shares = points.flatMap(([x, y]) => [(x + 0.5) / WIDTH, (y + 0.5) / HEIGHT]);
  const truth = tf.tensor3d(shares, [images, points.length / images, 2]);
  return gaussianHeatmaps(truth, { height: HEIGHT, width: WIDTH, sigma });
}

function found(points: readonly Pixel[], sigma: number): tf.Tensor {
  return peaksOf(drawn(points, sigma));
}

function expectPixels(landmarks: tf.Tensor, points: readonly Pixel[], tolerancePx: number): void {
  const pixels = tf.sub(tf.mul(landmarks, tf.tensor1d([WIDTH, HEIGHT])), 0.5);
  expectClose(pixels, points, tolerancePx);
}
