import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { labelSharpening } from '../../../src/plugins/ssl/label-sharpening.ts';
import { ENGINES } from '../../support/engines.ts';
import { context, landmarksAt, outputOf, strategyStep, unasked } from './strategy-steps.ts';

const [STRENGTH, CENTRE] = [4, 0.4];
const strategy = labelSharpening.create(
  { weight: 1, strength: STRENGTH, centre: CENTRE, rampUp: 0 },
  context,
);

describe.each(ENGINES)('label sharpening on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  it.each([0.3, 0.5, 0.8, 0.95])('follows the curve of the paper for a heatmap of peak %d', (peak) => {
    const values = [0.05, 0.2, 0.4, 0.6, 0.9].map((share) => share * peak);
    const sharpened = sharpen([...values, peak]);
    const strength = STRENGTH - (STRENGTH - 1) * peak;
    [...values, peak].forEach((value, i) => {
      const expected = expit(strength * logit(value) + (1 - strength) * logit(CENTRE));
      expect(sharpened[i]).toBeCloseTo(expected, 5);
    });
  });

  it('leaves a heatmap as it is whose peak is 1', () => {
    const values = [0.1, 0.3, 0.4, 0.7, 0.9, 1];
    sharpen(values).forEach((value, i) => {
      expect(value).toBeCloseTo(values[i]!, 3);
    });
  });

  it('raises what is above the centre, lowers what is below, and keeps the centre', () => {
    const [low, centre, high] = sharpen([0.2, CENTRE, 0.6]);
    expect(low).toBeLessThan(0.15);
    expect(centre).toBeCloseTo(CENTRE, 5);
    expect(high).toBeGreaterThan(0.65);
  });

  it('sharpens each landmark by its own peak, and values below 0 or above 1 to finite ones', () => {
    const heatmaps = tf.tensor4d([0.2, 0.2, 0.3, 1.2, -0.1, 0], [1, 1, 3, 2]);
    const [faint, , , bright, negative] = sharpenMaps(heatmaps);
    expect(faint).toBeLessThan(0.1);
    expect(bright).toBeCloseTo(1, 3);
    expect(negative).toBeCloseTo(0, 3);
  });
});

/** One landmark's heatmap of these values. */
function sharpen(values: readonly number[]): number[] {
  const row = tf.tensor4d(
    values.flatMap((value) => [value, value]),
    [1, 1, values.length, 2],
  );
  return sharpenMaps(row).filter((_, i) => i % 2 === 0);
}

/** Of the first of two like images. */
function sharpenMaps(heatmaps: tf.Tensor4D): number[] {
  const twice = tf.concat([heatmaps, heatmaps]) as tf.Tensor4D;
  const teacher = () => outputOf(landmarksAt(0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5), twice);
  const lesson = strategy.teach({ ...strategyStep(), teacher, origin: unasked });
  return [...lesson.heatmaps!.dataSync()].slice(0, heatmaps.size);
}

function expit(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function logit(p: number): number {
  return Math.log(p / (1 - p));
}
