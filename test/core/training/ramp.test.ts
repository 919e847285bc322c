import { expect, it } from 'vitest';
import { linearRamp, sigmoidRamp } from '../../../src/core/training/ramp.ts';

it.each([
  [0, 0.4, Math.exp(-5)],
  [0.2, 0.4, Math.exp(-1.25)],
  [0.4, 0.4, 1],
  [1, 0.4, 1],
  [0, 0, 1],
  [0.5, 1, Math.exp(-1.25)],
])('at %d of the stage, a ramp over %d of it is at %d', (progress, length, weight) => {
  expect(sigmoidRamp(progress, length)).toBeCloseTo(weight, 12);
});

it.each([
  [0, 0.2, 0.6, 0],
  [0.2, 0.2, 0.6, 0],
  [0.3, 0.2, 0.6, 0.25],
  [0.6, 0.2, 0.6, 1],
  [1, 0.2, 0.6, 1],
  [0, 0, 0, 1],
])('at %d of the stage, a straight ramp from %d to %d is at %d', (progress, from, to, weight) => {
  expect(linearRamp(progress, from, to)).toBeCloseTo(weight, 12);
});
