import type { Point } from '../dataset.ts';
import { type Affine, transformPoint } from '../geometry.ts';
import { medianOf, rootMeanSquare } from './spread.ts';

/** Landmarks of one image, x and y in the same unit; `null` where not labeled. */
export type Shape = readonly (Point | null)[];

const ROUNDS = 5;

/**
 * The typical shape of a set, without its position, size and rotation: generalized Procrustes analysis (Gower 1975) for
 * shapes with missing landmarks, with medians for means so that a few wrong shapes do not pull it. Its landmarks are
 * centred, at a root mean square distance of 1.
 */
export function typicalShape(shapes: readonly Shape[]): Shape {
  const most = Math.max(...shapes.map(countLabeled));
  let typical = normalise(shapes.find((shape) => countLabeled(shape) === most)!);
  for (let round = 0; round < ROUNDS; round++) {
    const aligned = shapes.flatMap((shape) => {
      const moved = align(shape, typical);
      return moved === undefined ? [] : [moved];
    });
    typical = normalise(typical.map((_, landmark) => medianPoint(aligned, landmark)));
  }
  return typical;
}

/**
 * Moves, turns and scales a shape, without mirroring it, so that the landmarks that both have lie as near as they can
 * (least squares); `undefined` when both have fewer than two.
 */
export function align(shape: Shape, reference: Shape): Shape | undefined {
  const matrix = similarity(shape, reference);
  return matrix && shape.map((point) => point && transformPoint(matrix, point));
}

/** How far each landmark of a shape lies from the typical one after alignment, in units of the typical shape's size. */
export function residuals(shape: Shape, typical: Shape): (number | null)[] {
  const matrix = similarity(shape, typical);
  return shape.map((_, landmark) => residualOf(shape, typical, landmark, matrix));
}

/** The same after an alignment of the other landmarks alone: one that is misplaced cannot hide by moving all. */
export function strayDistances(shape: Shape, typical: Shape): (number | null)[] {
  return shape.map((_, landmark) =>
    residualOf(shape, typical, landmark, similarity(shape.with(landmark, null), typical)),
  );
}

/** Root mean square of the residuals. */
export function shapeDistance(shape: Shape, typical: Shape): number {
  return rootMeanSquare(residuals(shape, typical).filter((residual) => residual !== null));
}

/** Root mean square distance of the landmarks to their centre. */
export function shapeSize(shape: Shape): number {
  const points = shape.filter((point) => point !== null);
  const [x, y] = centroid(points);
  return rootMeanSquare(points.map((point) => Math.hypot(point[0] - x, point[1] - y)));
}

export function countLabeled(shape: Shape): number {
  return shape.filter((point) => point !== null).length;
}

function similarity(shape: Shape, reference: Shape): Affine | undefined {
  const common = shape.flatMap((point, landmark): [Point, Point][] => {
    const target = reference[landmark];
    return point && target ? [[point, target]] : [];
  });
  if (common.length < 2) return undefined;
  const [fromX, fromY] = centroid(common.map(([point]) => point));
  const [toX, toY] = centroid(common.map(([, target]) => target));
  let [dot, cross, square] = [0, 0, 0];
  for (const [[px, py], [tx, ty]] of common) {
    const [x, y, u, v] = [px - fromX, py - fromY, tx - toX, ty - toY];
    dot += x * u + y * v;
    cross += x * v - y * u;
    square += x * x + y * y;
  }
  const [a, b] = square > 0 ? [dot / square, cross / square] : [0, 0];
  return [a, -b, toX - a * fromX + b * fromY, b, a, toY - b * fromX - a * fromY];
}

function residualOf(
  shape: Shape,
  typical: Shape,
  landmark: number,
  matrix: Affine | undefined,
): number | null {
  const [point, target] = [shape[landmark], typical[landmark]];
  if (!point || !target || matrix === undefined) return null;
  const [x, y] = transformPoint(matrix, point);
  return Math.hypot(x - target[0], y - target[1]);
}

function normalise(shape: Shape): Shape {
  const [x, y] = centroid(shape.filter((point) => point !== null));
  const size = shapeSize(shape) || 1;
  return shape.map((point) => point && [(point[0] - x) / size, (point[1] - y) / size]);
}

function medianPoint(shapes: readonly Shape[], landmark: number): Point | null {
  const points = shapes
    .map((shape) => shape[landmark])
    .filter((point) => point !== null && point !== undefined);
  return points.length === 0 ? null : [medianOf(points.map(([x]) => x)), medianOf(points.map(([, y]) => y))];
}

function centroid(points: readonly Point[]): Point {
  const mean = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  return [mean(0), mean(1)];
}
