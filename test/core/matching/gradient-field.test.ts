import { describe, expect, it } from 'vitest';
import { IDENTITY } from '../../../src/core/data/geometry.ts';
import { gradientField } from '../../../src/core/matching/gradient-field.ts';
import { scene } from './scene.ts';

describe('a gradient field', () => {
  it('points up the slope, whichever way that is', () => {
    const ramp = (slopeX: number, slopeY: number) => ({
      ...{ width: 40, height: 40 },
      pixels: Float32Array.from(
        { length: 1600 },
        (_, i) => 0.01 * (slopeX * (i % 40) + slopeY * Math.floor(i / 40)),
      ),
    });
    const centre = 20 * 40 + 20;
    for (const [slopeX, slopeY] of [
      [1, 0],
      [0, 1],
      [-3, 4],
    ] as const) {
      const { x, y } = gradientField(ramp(slopeX, slopeY));
      const length = Math.hypot(slopeX, slopeY);
      expect(x[centre]! / Math.hypot(x[centre]!, y[centre]!)).toBeCloseTo(slopeX / length, 5);
      expect(y[centre]! / Math.hypot(x[centre]!, y[centre]!)).toBeCloseTo(slopeY / length, 5);
    }
  });

  it('is as strong in a faint image as in one of full contrast', () => {
    const strong = gradientField(scene(IDENTITY));
    const faint = gradientField(scene(IDENTITY, (value) => 0.3 + 0.4 * value));
    const difference = Math.max(...strong.x.map((value, i) => Math.abs(value - faint.x[i]!)));
    // Flat surroundings, where the noise level takes over, differ the most.
    expect(difference).toBeLessThan(0.25 * Math.max(...strong.x));
  });
});
