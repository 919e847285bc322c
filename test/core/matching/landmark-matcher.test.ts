import { describe, expect, it } from 'vitest';
import type { Point } from '../../../src/core/data/dataset.ts';
import { type Affine, around, IDENTITY, transformPoint } from '../../../src/core/data/geometry.ts';
import { LandmarkMatcher } from '../../../src/core/matching/landmark-matcher.ts';
import { LANDMARKS, scene } from './scene.ts';

const OPTIONS = { patch: 0.1, reach: 0.06, deviation: 0.06, sharpness: 200 };
/** Pixels: three landmarks that are off by more than three each leave the turn between two images uncertain. */
const NEAR = 1.2;
/** What a network got wrong, in pixels. */
const ERRORS: readonly Point[] = [
  [3, -2],
  [-2.5, 2.5],
  [2, 3],
];

const rotated: Affine = around([60, 48], turn(15, 1.08));
const example = { image: scene(IDENTITY), landmarks: LANDMARKS };

describe('matching landmarks with labeled images', () => {
  it('finds in a turned and enlarged image what it was shown, to about a pixel', () => {
    const truth = LANDMARKS.map((point) => transformPoint(rotated, point));
    expect(worst(match(rotated), truth)).toBeLessThan(NEAR);
  });

  it('does not mind brightness and contrast', () => {
    const truth = LANDMARKS.map((point) => transformPoint(rotated, point));
    const found = new LandmarkMatcher([example], OPTIONS).match(
      scene(rotated, (value) => 0.1 + 0.6 * value ** 1.5),
      displaced(truth),
    );
    expect(worst(found, truth)).toBeLessThan(NEAR);
  });

  it('learns each landmark from the examples that have it, and leaves one that none has where it was', () => {
    const shifted: Affine = [1, 0, 4, 0, 1, -3];
    const without = (landmark: number) =>
      LANDMARKS.map((point, index) => (index === landmark ? null : transformPoint(shifted, point)));
    const examples = [
      { image: scene(shifted), landmarks: [null, ...without(0).slice(1, 2), null] },
      { image: scene(shifted), landmarks: without(1) },
    ];
    const truth = [...LANDMARKS];
    const both = new LandmarkMatcher(examples, OPTIONS).match(scene(IDENTITY), displaced(truth));
    expect(worst(both, truth)).toBeLessThan(NEAR);
    const one = new LandmarkMatcher(examples.slice(1), OPTIONS).match(scene(IDENTITY), displaced(truth));
    expect(one[1]).toEqual(displaced(truth)[1]);
  });

  it('stays where it is on a film without structure, and within reach elsewhere', () => {
    const flat = { ...scene(IDENTITY), pixels: new Float32Array(120 * 96).fill(0.5) };
    const found = new LandmarkMatcher([example], OPTIONS).match(flat, LANDMARKS);
    expect(worst(found, LANDMARKS)).toBeLessThan(1e-6);
    const far = LANDMARKS.map(([x, y]): Point => [x + 30, y + 25]);
    const limit = Math.SQRT2 * Math.round(OPTIONS.reach * 120) + 1e-6;
    expect(worst(new LandmarkMatcher([example], OPTIONS).match(scene(IDENTITY), far), far)).toBeLessThan(
      limit,
    );
  });

  it('works at the edge of the image and beyond it', () => {
    const corner: Point[] = [
      [0, 0],
      [119.4, 95.4],
      [-3, 60],
    ];
    for (const place of new LandmarkMatcher([example], OPTIONS).match(scene(IDENTITY), corner).flat()) {
      expect(place).toBeTypeOf('number');
      expect(Number.isFinite(place)).toBe(true);
    }
  });
});

function match(matrix: Affine): Point[] {
  const found = displaced(LANDMARKS.map((point) => transformPoint(matrix, point)));
  return new LandmarkMatcher([example], OPTIONS).match(scene(matrix), found);
}

function displaced(landmarks: readonly Point[]): Point[] {
  return landmarks.map(([x, y], index) => [x + ERRORS[index]![0], y + ERRORS[index]![1]]);
}

function worst(found: readonly Point[], truth: readonly Point[]): number {
  return Math.max(...found.map(([x, y], index) => Math.hypot(x - truth[index]![0], y - truth[index]![1])));
}

function turn(degrees: number, scale: number): Affine {
  const angle = (degrees * Math.PI) / 180;
  const [cosine, sine] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  return [cosine, -sine, 0, sine, cosine, 0];
}
