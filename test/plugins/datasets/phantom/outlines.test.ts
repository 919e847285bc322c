import { describe, expect, it } from 'vitest';
import type { Point } from '../../../../src/core/data/dataset.ts';
import { IDENTITY } from '../../../../src/core/data/geometry.ts';
import { Outline, smoothRing } from '../../../../src/plugins/datasets/phantom/outlines.ts';
import { blankOf, frameFilm } from '../../../../src/plugins/datasets/phantom/raster.ts';
import { Shell } from '../../../../src/plugins/datasets/phantom/shells.ts';

const square = (half: number): Point[] => [
  [-half, -half],
  [half, -half],
  [half, half],
  [-half, half],
];

const circle = ([x, y]: Point, radius: number, count: number): Point[] =>
  Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });

function distances(outline: Outline, xs: readonly number[], y: number, most: number): number[] {
  const into = new Float64Array(xs.length);
  outline.readInto(into, { x: Float64Array.from(xs), y: new Float64Array(xs.length).fill(y) }, most);
  return [...into];
}

describe('outlines', () => {
  it('measure how far inside a place is, cut where it does not matter', () => {
    const xs = Array.from({ length: 61 }, (_, i) => -15 + 0.5 * i);
    const found = distances(new Outline(square(10)), xs, 2, 3);
    xs.forEach((x, i) => {
      expect(found[i], `x ${x}`).toBeCloseTo(Math.min(3, Math.max(-3, Math.min(10 - Math.abs(x), 8))), 9);
    });
  });

  it('leave out a hole', () => {
    const [deep, edge, hole] = distances(new Outline(square(10), square(4)), [7, 5, 0], 0, 20) as [
      number,
      number,
      number,
    ];
    expect([deep, edge, hole]).toEqual([3, 1, -4]);
  });

  it('run smoothly through their points', () => {
    const ring = smoothRing(circle([0, 0], 10, 12));
    for (const [x, y] of ring) expect(Math.hypot(x, y)).toBeCloseTo(10, 1);
    expect(ring).toContainEqual([10, 0]);
  });
});

describe('shells', () => {
  const volume = (core: number, size: number): number => {
    const raster = blankOf(frameFilm(size, 40, IDENTITY));
    const station = { along: 0, rounding: 10, depth: 10, wall: 2, core };
    new Shell(new Outline(circle([20, 20], 10, 200)), [0, 0], [1, 0], [station]).addTo(raster, 1);
    return raster.values.reduce((sum, thickness) => sum + thickness * raster.mmPerPx ** 2, 0);
  };
  const ball = (radius: number): number => (4 / 3) * Math.PI * radius ** 3;

  // Averaging over a pixel along the border's normal alone costs up to half a percent here.
  it('weigh as much as the ball that they draw, whatever the size of the pixels', () => {
    for (const size of [40, 100, 400]) expect(volume(1, size) / ball(10)).toBeCloseTo(1, 2);
  });

  it('are hollow within their wall', () => {
    expect(volume(0.25, 200) / (ball(10) - 0.75 * ball(8))).toBeCloseTo(1, 2);
  });
});
