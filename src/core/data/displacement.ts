import type { Point } from './dataset.ts';
import type { ImageSize } from './image-size.ts';

/** Nodes of a displacement field along each side; the first and the last lie on the view's edges. */
export const FIELD_NODES = 33;

/**
 * A smooth displacement of a view, `[nodes, nodes, 2]`, row by row, x before y: what the view shows at `v` is what lies
 * at `v + d(v)` without it. Bilinear between nodes. It is no steeper than 1, so that places keep their order.
 */
export type DisplacementField = Float32Array;

/** Fixed-point steps that find where a place went; each halves the error of the steepest field at least. */
const INVERSION_STEPS = 30;

/** The sum of fields in units of the view's longer side, as one in [0, 1] of the view; undefined for none. */
export function combineFields(
  fields: readonly DisplacementField[],
  { width, height }: ImageSize,
): DisplacementField | undefined {
  if (fields.length === 0) return undefined;
  const longer = Math.max(width, height);
  const scale = [longer / width, longer / height] as const;
  const total = new Float32Array(FIELD_NODES * FIELD_NODES * 2);
  for (const field of fields) {
    for (let k = 0; k < total.length; k++) total[k]! += field[k]! * scale[(k % 2) as 0 | 1];
  }
  return total;
}

/** `v + d(v)`: where what the view shows at `v` lies without the displacement. */
export function displacedFrom(field: DisplacementField, [x, y]: Point): Point {
  const node = nodeBefore(x);
  const weight = nodePosition(x) - node;
  const line = lineAt(field, y);
  const shift = (axis: number) => line[node * 2 + axis]! * (1 - weight) + line[node * 2 + 2 + axis]! * weight;
  return [x + shift(0), y + shift(1)];
}

/** The place `v` of the view with `v + d(v) = point`: where the displacement takes a point. */
export function displacedTo(field: DisplacementField, point: Point): Point {
  let [x, y] = point;
  for (let step = 0; step < INVERSION_STEPS; step++) {
    const [fromX, fromY] = displacedFrom(field, [x, y]);
    [x, y] = [x + point[0] - fromX, y + point[1] - fromY];
  }
  return [x, y];
}

/** The displacements `[columns, 2]` of the pixels of a row whose centres lie at height `y` in [0, 1]. */
export function displacementsOfRow(field: DisplacementField, y: number, into: Float32Array): void {
  const line = lineAt(field, y);
  const columns = into.length / 2;
  for (let column = 0; column < columns; column++) {
    const x = (column + 0.5) / columns;
    const node = nodeBefore(x);
    const weight = nodePosition(x) - node;
    for (let axis = 0; axis < 2; axis++) {
      const before = line[node * 2 + axis]!;
      into[column * 2 + axis] = before + weight * (line[node * 2 + 2 + axis]! - before);
    }
  }
}

/** The field along a horizontal line: `[nodes, 2]`. */
function lineAt(field: DisplacementField, y: number): Float32Array {
  const node = nodeBefore(y);
  const weight = nodePosition(y) - node;
  const length = FIELD_NODES * 2;
  const from = node * length;
  const line = new Float32Array(length);
  for (let k = 0; k < length; k++)
    line[k] = field[from + k]! * (1 - weight) + field[from + length + k]! * weight;
  return line;
}

/** The node at or before a coordinate that has one after it. */
function nodeBefore(coordinate: number): number {
  return Math.min(FIELD_NODES - 2, Math.floor(nodePosition(coordinate)));
}

/** A coordinate in [0, 1] in steps of nodes; beyond the edges, that of the edge. */
function nodePosition(coordinate: number): number {
  return Math.min(1, Math.max(0, coordinate)) * (FIELD_NODES - 1);
}
