/** A function of one coordinate, tabulated in steps of 1 (a millimetre) and read by linear interpolation; constant outside. */
export class Profile {
  readonly #start: number;
  readonly #table: Float64Array;

  constructor(startMm: number, endMm: number, value: (position: number) => number) {
    this.#start = startMm;
    this.#table = Float64Array.from({ length: Math.ceil(endMm - startMm) + 1 }, (_, i) => value(startMm + i));
  }

  at(position: number): number {
    const table = this.#table;
    const last = table.length - 1;
    const place = Math.min(Math.max(position - this.#start, 0), last);
    const index = Math.min(Math.floor(place), last - 1);
    const fraction = place - index;
    return (table[index] as number) * (1 - fraction) + (table[index + 1] as number) * fraction;
  }

  /** Writes the value at each position; fast where a film needs thousands. */
  readInto(values: Float64Array, positions: Float64Array): void {
    const table = this.#table;
    const start = this.#start;
    const last = table.length - 1;
    for (let i = 0; i < positions.length; i++) {
      const place = Math.min(Math.max((positions[i] as number) - start, 0), last);
      const index = Math.min(place | 0, last - 1);
      const fraction = place - index;
      values[i] = (table[index] as number) * (1 - fraction) + (table[index + 1] as number) * fraction;
    }
  }
}

/**
 * A smooth curve through knots `[position, value]` that does not overshoot them (monotone cubic, Fritsch and Carlson
 * 1980, with harmonic-mean slopes).
 */
export function throughKnots(knots: readonly (readonly [number, number])[]): (position: number) => number {
  const slopes = knots.map((_, i) => slopeAt(knots, i));
  return (position) => {
    const [first, last] = [knots[0], knots[knots.length - 1]] as [Knot, Knot];
    if (position <= first[0]) return first[1];
    if (position >= last[0]) return last[1];
    const next = knots.findIndex(([place]) => place > position);
    const [x0, y0] = knots[next - 1] as Knot;
    const [x1, y1] = knots[next] as Knot;
    const width = x1 - x0;
    const t = (position - x0) / width;
    const [m0, m1] = [(slopes[next - 1] as number) * width, (slopes[next] as number) * width];
    return (
      y0 * (1 + 2 * t) * (1 - t) ** 2 +
      m0 * t * (1 - t) ** 2 +
      y1 * t * t * (3 - 2 * t) +
      m1 * t * t * (t - 1)
    );
  };
}

type Knot = readonly [number, number];

function slopeAt(knots: readonly Knot[], index: number): number {
  const [before, here, after] = [knots[index - 1], knots[index], knots[index + 1]] as (Knot | undefined)[];
  if (before === undefined || here === undefined || after === undefined) return 0;
  const left = (here[1] - before[1]) / (here[0] - before[0]);
  const right = (after[1] - here[1]) / (after[0] - here[0]);
  return left * right <= 0 ? 0 : (2 * left * right) / (left + right);
}

/** 0 below `low`, 1 above `high`, smooth between. */
export function smoothStep(low: number, high: number, value: number): number {
  const t = Math.min(Math.max((value - low) / (high - low), 0), 1);
  return t * t * (3 - 2 * t);
}

/** Thickness across a round edge: 0 at the edge, 1 from `reach` inwards, a quarter ellipse between. */
export function roundEdge(inside: number, reach: number): number {
  if (inside <= 0) return 0;
  if (inside >= reach) return 1;
  const rest = 1 - inside / reach;
  return Math.sqrt(1 - rest * rest);
}

/** Thickness of an ellipsoid seen from the front, as a fraction of its middle's. */
export function ellipsoid(dx: number, dy: number, radiusX: number, radiusY: number): number {
  const q = (dx * dx) / (radiusX * radiusX) + (dy * dy) / (radiusY * radiusY);
  return q >= 1 ? 0 : Math.sqrt(1 - q);
}
