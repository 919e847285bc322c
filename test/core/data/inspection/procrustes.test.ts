import { describe, expect, it } from 'vitest';
import type { Point } from '../../../../src/core/data/dataset.ts';
import { type Affine, transformPoint } from '../../../../src/core/data/geometry.ts';
import {
  align,
  residuals,
  shapeDistance,
  shapeSize,
  strayDistances,
  typicalShape,
} from '../../../../src/core/data/inspection/procrustes.ts';
import { CHEST, chests } from './shapes.ts';

const moved = (matrix: Affine, shape: readonly Point[] = CHEST) =>
  shape.map((point) => transformPoint(matrix, point));
const turned: Affine = [1.2, -1.6, 30, 1.6, 1.2, -7];

describe('Procrustes alignment', () => {
  it('undoes position, size and rotation, and only them', () => {
    align(moved(turned), CHEST)!.forEach((point, landmark) => {
      expect(point![0]).toBeCloseTo(CHEST[landmark]![0], 9);
      expect(point![1]).toBeCloseTo(CHEST[landmark]![1], 9);
    });
    const mirrored = moved([-1, 0, 0, 0, 1, 0]);
    expect(shapeDistance(mirrored, CHEST) / shapeSize(CHEST)).toBeGreaterThan(0.5);
  });

  it('uses the landmarks that both shapes have, and carries the others along', () => {
    const partial = moved(turned).map((point, landmark) => (landmark === 2 ? null : point));
    const reference = CHEST.map((point, landmark) => (landmark === 4 ? null : point));
    const aligned = align(partial, reference)!;
    expect(aligned[2]).toBeNull();
    expect(aligned[4]![0]).toBeCloseTo(CHEST[4]![0], 9);
    expect(residuals(partial, reference).map((residual) => residual === null)).toEqual([
      false,
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  it('of the other landmarks shows by how much one is misplaced, whatever the pose', () => {
    const misplaced = CHEST.with(3, [CHEST[3]![0] + 30, CHEST[3]![1] - 40]);
    expect(strayDistances(moved(turned, misplaced), CHEST)[3]).toBeCloseTo(50, 9);
    expect(residuals(moved(turned, misplaced), CHEST)[3]).toBeLessThan(45);
  });

  it('has no answer for a single common landmark, and a poor one for landmarks at one place', () => {
    expect(
      align(
        [[1, 1], null],
        [
          [2, 2],
          [3, 3],
        ],
      ),
    ).toBeUndefined();
    const collapsed = CHEST.map((): Point => [5, 5]);
    expect(shapeDistance(collapsed, CHEST)).toBeCloseTo(shapeSize(CHEST), 9);
  });
});

describe('the typical shape', () => {
  it('is that of a noisy set, whatever the poses, with a few wrong shapes among them', () => {
    const shapes = chests(40).map(({ landmarks }) => landmarks);
    const wrong = Array.from({ length: 6 }, () => moved([-1, 0, 200, 0, 1, 0]));
    const typical = typicalShape([...wrong, ...shapes]);
    // Noise of 2 px, a median of 40 (its deviation is 1.25 of the mean's) and some pull of the wrong ones.
    expect(shapeDistance(typical, CHEST)).toBeLessThan(1.5);
  });

  it('is centred, of size 1, and has every landmark that some shape has', () => {
    const shapes = chests(10).map(({ landmarks }, index) =>
      landmarks.map((point, landmark) => (landmark === index % 6 ? null : point)),
    );
    const typical = typicalShape(shapes);
    expect(typical).not.toContain(null);
    expect(shapeSize(typical)).toBeCloseTo(1, 9);
    expect(typical.reduce((sum, point) => sum + point![0], 0)).toBeCloseTo(0, 9);
  });
});
