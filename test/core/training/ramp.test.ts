import { expect, it } from 'vitest';
import { sigmoidRamp } from '../../../src/core/training/ramp.ts';

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
