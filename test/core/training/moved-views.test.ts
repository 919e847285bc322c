import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ModelOutput } from '../../../src/core/nn/model.ts';
import { overMovedViews } from '../../../src/core/training/moved-views.ts';
import { ENGINES } from '../../support/engines.ts';
import { expectClose } from '../../support/expect-close.ts';
import { gaussians } from '../../support/heatmap-parts.ts';

const [HEIGHT, WIDTH] = [48, 64];
const DOTS = [0.3, 0.6, 0.55, 0.4];
const FIXED = [0.1, 0.2];

describe.each(ENGINES)('asking a network about moved views on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  it('finds agreement where the answer moves with the image, and tells by how many pixels it does not', () => {
    const { spreadPx, landmarks } = ask(4);
    const [first, fixed, second, fixedToo] = spreadPx.dataSync() as unknown as [
      number,
      number,
      number,
      number,
    ];
    // A centroid of warped pixels is that exact.
    expect(first).toBeLessThan(0.05);
    expect(second).toBeLessThan(0.05);
    expect(fixed).toBeCloseTo(spreadOfFixed(4), 2);
    expect(fixedToo).toBeCloseTo(fixed, 4);
    const found = landmarks.arraySync();
    expect(found[0]![0]![0]).toBeCloseTo(DOTS[0]!, 2);
    expect(found[1]![0]![1]).toBeCloseTo(DOTS[3]!, 2);
  });

  it('averages heatmaps in the frame of the plain image', () => {
    const { heatmaps } = ask(3);
    const plain = network(images()).heatmaps!;
    const dot = tf.slice(tf.sub(heatmaps!, plain), [0, 0, 0, 0], [2, HEIGHT, WIDTH, 1]);
    // A peak that is read twice between pixels is a little flatter.
    expect(tf.max(tf.abs(dot)).dataSync()[0]).toBeLessThan(0.1);
    const fixed = tf.slice(tf.sub(heatmaps!, plain), [0, 0, 0, 1], [2, HEIGHT, WIDTH, 1]);
    expect(tf.max(tf.abs(fixed)).dataSync()[0]).toBeGreaterThan(0.12);
  });

  it('is always the same', () => {
    expectClose(ask(4).landmarks, [...ask(4).landmarks.dataSync()], 1e-9);
  });
});

function images(): tf.Tensor4D {
  const points = tf.tensor3d(DOTS, [2, 1, 2]);
  return gaussians(points, HEIGHT, WIDTH, 2);
}

/** Says where the dot is, and of a second landmark always the same. */
function network(seen: tf.Tensor4D): ModelOutput {
  const mass = tf.sum(seen, [1, 2, 3]);
  const along = (size: number, axes: number[]) => {
    const centres = tf.div(tf.add(tf.range(0, size, 1, 'float32'), 0.5), size);
    return tf.div(tf.sum(tf.mul(tf.sum(seen, axes), centres), 1), mass);
  };
  const dot = tf.stack([along(WIDTH, [1, 3]), along(HEIGHT, [2, 3])], 1);
  const fixed = tf.tile(tf.tensor2d(FIXED, [1, 2]), [seen.shape[0], 1]);
  const landmarks = tf.stack([dot, fixed], 1) as tf.Tensor3D;
  const heatmaps = gaussians(landmarks, HEIGHT, WIDTH, 3);
  return { landmarks, trajectory: [landmarks], heatmaps, features: seen };
}

function ask(views: number) {
  return overMovedViews(network, images(), network(images()), views);
}

/** By hand: a point that stays while the image is turned by up to 5° and scaled by up to e^0.05 about its centre. */
function spreadOfFixed(views: number): number {
  const [x, y] = [(FIXED[0]! - 0.5) * WIDTH, (FIXED[1]! - 0.5) * HEIGHT];
  const points = [[x, y]];
  for (let view = 0; view < views; view++) {
    const turn = 2 * Math.PI * (view / views + 1 / 8);
    const angle = -(5 * Math.cos(turn) * Math.PI) / 180;
    const scale = Math.exp(-0.05 * Math.sin(turn));
    points.push([
      scale * (Math.cos(angle) * x - Math.sin(angle) * y),
      scale * (Math.sin(angle) * x + Math.cos(angle) * y),
    ]);
  }
  const mean = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis]!, 0) / points.length);
  const squares = points.map((point) => (point[0]! - mean[0]!) ** 2 + (point[1]! - mean[1]!) ** 2);
  return Math.sqrt(squares.reduce((a, b) => a + b, 0) / points.length);
}
