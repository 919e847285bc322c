import { Type } from 'typebox';
import type { Augmentation } from '../../core/data/augmentation.ts';
import { type DisplacementField, FIELD_NODES } from '../../core/data/displacement.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(
  {
    cells: Type.Integer({
      description: 'cells of the control grid along each side: fewer bend larger parts of the image',
      default: 4,
      minimum: 1,
      maximum: 16,
    }),
    deviation: Type.Number({
      description: "standard deviation of the control points' shifts, as a part of the view's longer side",
      default: 0.03,
      minimum: 0,
      maximum: 1,
    }),
    probability: Type.Number({
      description: 'how often an image is bent',
      default: 1,
      minimum: 0,
      maximum: 1,
    }),
  },
  { additionalProperties: false },
);

/** Control points shifted by less than this part of a cell cannot fold a cubic B-spline (Choi & Lee 2000: 0.48). */
const LARGEST_SHIFT = 0.4;

/** A free-form deformation: normal shifts of the points of a coarse grid, joined by cubic B-splines. */
export const elastic = definePlugin({
  kind: 'augmentation',
  type: 'elastic',
  summary: 'bends the image smoothly: a cubic B-spline through random shifts of a coarse grid',
  source: 'Rueckert et al., Nonrigid registration using free-form deformations, IEEE TMI 1999',
  options,
  create({ cells, deviation, probability }): Augmentation {
    const bound = LARGEST_SHIFT / cells;
    const weights = splineWeights(cells);
    return {
      displacement(random) {
        if (!random.chance(probability)) return undefined;
        const points = cells + 3;
        const shifts = Float32Array.from({ length: points * points * 2 }, () =>
          Math.max(-bound, Math.min(bound, random.normal(0, deviation))),
        );
        return interpolate(shifts, points, weights);
      },
    };
  },
});

/** For each node the first of its four control points, and their weights. */
type NodeWeights = readonly { readonly first: number; readonly weights: readonly number[] }[];

function splineWeights(cells: number): NodeWeights {
  return Array.from({ length: FIELD_NODES }, (_, node) => {
    const position = (node / (FIELD_NODES - 1)) * cells;
    const first = Math.min(cells - 1, Math.floor(position));
    const t = position - first;
    const weights = [
      (1 - t) ** 3 / 6,
      (3 * t ** 3 - 6 * t ** 2 + 4) / 6,
      (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6,
      t ** 3 / 6,
    ];
    return { first, weights };
  });
}

/** Control points `[points, points, 2]` -> the field at its nodes, first along x, then along y. */
function interpolate(shifts: Float32Array, points: number, nodes: NodeWeights): DisplacementField {
  const rows = new Float32Array(points * FIELD_NODES * 2);
  const field = new Float32Array(FIELD_NODES * FIELD_NODES * 2);
  for (let row = 0; row < points; row++) {
    nodes.forEach((node, column) => {
      blend(
        shifts,
        (row * points + node.first) * 2,
        2,
        node.weights,
        rows,
        (row * FIELD_NODES + column) * 2,
        2,
      );
    });
  }
  const line = FIELD_NODES * 2;
  nodes.forEach((node, row) => {
    blend(rows, node.first * line, line, node.weights, field, row * line, line);
  });
  return field;
}

/** Writes `count` sums of four rows of `from`, each `stride` after the one before, weighted. */
function blend(
  from: Float32Array,
  first: number,
  stride: number,
  weights: readonly number[],
  into: Float32Array,
  at: number,
  count: number,
): void {
  for (let k = 0; k < count; k++) {
    let sum = 0;
    for (let p = 0; p < 4; p++) sum += weights[p]! * from[first + p * stride + k]!;
    into[at + k] = sum;
  }
}
