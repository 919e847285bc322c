import { describe, expect, it } from 'vitest';
import { gradientDescriptor } from '../../../src/core/selection/gradient-descriptor.ts';

const SIZE = { width: 96, height: 80 };

/** A bright disc on a dark ground; positions and radius in pixels. */
function disc(x: number, y: number, radius: number): Float32Array {
  return Float32Array.from({ length: SIZE.width * SIZE.height }, (_, i) => {
    const distance = Math.hypot((i % SIZE.width) - x, Math.floor(i / SIZE.width) - y);
    return 60 + 120 / (1 + Math.exp((distance - radius) / 2));
  });
}

function similarity(a: Float32Array, b: Float32Array): number {
  const [u, v] = [gradientDescriptor(a, SIZE), gradientDescriptor(b, SIZE)];
  return u.reduce((sum, value, k) => sum + value * v[k]!, 0);
}

describe('what two images look like', () => {
  it('does not change with exposure, contrast or a negative', () => {
    const image = disc(40, 40, 20);
    expect(
      similarity(
        image,
        image.map((value) => 0.4 * value + 70),
      ),
    ).toBeGreaterThan(0.999);
    expect(
      similarity(
        image,
        image.map((value) => 255 - value),
      ),
    ).toBeGreaterThan(0.999);
  });

  it('changes the more the structure moves or grows', () => {
    const image = disc(40, 40, 20);
    const near = similarity(image, disc(43, 40, 20));
    expect(near).toBeLessThan(0.99);
    expect(similarity(image, disc(60, 40, 20))).toBeLessThan(near);
    expect(similarity(image, disc(40, 40, 30))).toBeLessThan(near);
  });

  it('is a vector of length 1 without negative entries, as the guarantee of the choice needs', () => {
    const descriptor = gradientDescriptor(disc(20, 60, 12), SIZE);
    expect(Math.hypot(...descriptor)).toBeCloseTo(1, 5);
    expect(descriptor.every((value) => value >= 0)).toBe(true);
  });

  it('of an empty image is nothing, not NaN', () => {
    const descriptor = gradientDescriptor(new Float32Array(SIZE.width * SIZE.height), SIZE);
    expect(descriptor.every((value) => value === 0)).toBe(true);
  });
});
