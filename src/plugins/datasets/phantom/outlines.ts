import type { Point } from '../../../core/data/dataset.ts';
import type { Box, RowStretch } from './raster.ts';

/** Straight pieces that a smooth curve is cut into between two of its points. */
const PIECES = 3;

/**
 * A closed smooth curve through points (Catmull and Rom 1974), as a polygon.
 * @param points at least three, in order.
 */
export function smoothRing(points: readonly Point[]): Point[] {
  const count = points.length;
  const ring: Point[] = [];
  for (let i = 0; i < count; i++) {
    const before = points[(i + count - 1) % count] as Point;
    const from = points[i] as Point;
    const to = points[(i + 1) % count] as Point;
    const after = points[(i + 2) % count] as Point;
    ring.push(from);
    for (let piece = 1; piece < PIECES; piece++) {
      const t = piece / PIECES;
      ring.push([
        between(before[0], from[0], to[0], after[0], t),
        between(before[1], from[1], to[1], after[1], t),
      ]);
    }
  }
  return ring;
}

function between(before: number, from: number, to: number, after: number, t: number): number {
  const slope = (to - before) / 2;
  const nextSlope = (after - from) / 2;
  const rise = to - from;
  return from + t * (slope + t * (3 * rise - 2 * slope - nextSlope + t * (slope + nextSlope - 2 * rise)));
}

/** The point of a polygon that lies furthest in a direction. */
export function furthest(ring: readonly Point[], [dx, dy]: Point): Point {
  const reach = ([x, y]: Point): number => x * dx + y * dy;
  return ring.reduce((best, point) => (reach(point) > reach(best) ? point : best));
}

/** Numbers a piece: its start, the way to its end, and one over the square of its length. */
const STRIDE = 5;

/** More than sums of lengths err by. */
const ROUNDING_MM = 1e-6;

/** An area bounded by polygons, in patient millimetres: inside is what an odd number of them encloses. */
export class Outline {
  readonly box: Box;
  readonly #pieces: Float64Array;
  /** The pieces that matter to a row. */
  readonly #near: Float64Array;

  constructor(...rings: readonly (readonly Point[])[]) {
    const points = rings.flat();
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    this.box = {
      left: Math.min(...xs),
      top: Math.min(...ys),
      right: Math.max(...xs),
      bottom: Math.max(...ys),
    };
    this.#pieces = new Float64Array(points.length * STRIDE);
    let at = 0;
    for (const ring of rings) {
      for (let i = 0; i < ring.length; i++) {
        const [x0, y0] = ring[i] as Point;
        const [x1, y1] = ring[(i + 1) % ring.length] as Point;
        const [dx, dy] = [x1 - x0, y1 - y0];
        const length2 = dx * dx + dy * dy;
        this.#pieces.set([x0, y0, dx, dy, length2 > 0 ? 1 / length2 : 0], at);
        at += STRIDE;
      }
    }
    this.#near = new Float64Array(this.#pieces.length);
  }

  /**
   * Writes how far inside the outline each place of a row lies, in millimetres; negative outside. Distances beyond
   * `most` are cut to it, either way: that is what makes it fast.
   */
  readInto(distances: Float64Array, { x, y }: Pick<RowStretch, 'x' | 'y'>, most: number): void {
    const last = x.length - 1;
    const [startY, endY] = [y[0] as number, y[last] as number];
    const reach = 2 * most;
    const count = this.#gather(Math.min(startY, endY) - reach, Math.max(startY, endY) + reach);
    const stepMm = last > 0 ? Math.hypot((x[last] as number) - (x[0] as number), endY - startY) / last : 1;
    let bound = reach;
    for (let i = 0; i <= last; ) {
      const distance = this.#distance(x[i] as number, y[i] as number, count, Math.min(bound, reach));
      const cut = Math.min(Math.max(distance, -most), most);
      // A step changes the distance by its length at most.
      const sure = 1 + Math.max(0, Math.floor((Math.abs(distance) - most) / stepMm));
      const end = Math.min(i + sure, last + 1);
      distances.fill(cut, i, end);
      bound = Math.abs(distance) + sure * stepMm + ROUNDING_MM;
      i = end;
    }
  }

  /** Copies the pieces between two levels to the front of `#near`. @returns how many numbers that are. */
  #gather(top: number, bottom: number): number {
    const [pieces, near] = [this.#pieces, this.#near];
    let count = 0;
    for (let at = 0; at < pieces.length; at += STRIDE) {
      const y0 = pieces[at + 1] as number;
      const y1 = y0 + (pieces[at + 3] as number);
      if ((y0 < top && y1 < top) || (y0 > bottom && y1 > bottom)) continue;
      for (let i = 0; i < STRIDE; i++) near[count++] = pieces[at + i] as number;
    }
    return count;
  }

  /** To the nearest of the gathered pieces, cut to `bound`; its sign by the even-odd rule. */
  #distance(x: number, y: number, count: number, bound: number): number {
    const near = this.#near;
    let nearest = bound;
    let inside = false;
    for (let at = 0; at < count; at += STRIDE) {
      const startY = y - (near[at + 1] as number);
      const dy = near[at + 3] as number;
      const endY = startY - dy;
      if ((startY > nearest && endY > nearest) || (startY < -nearest && endY < -nearest)) continue;
      const startX = x - (near[at] as number);
      const dx = near[at + 2] as number;
      if (startY < 0 !== endY < 0 && startX < (startY / dy) * dx) inside = !inside;
      const endX = startX - dx;
      if ((startX > nearest && endX > nearest) || (startX < -nearest && endX < -nearest)) continue;
      let along = (startX * dx + startY * dy) * (near[at + 4] as number);
      along = along < 0 ? 0 : along > 1 ? 1 : along;
      const fromX = startX - along * dx;
      const fromY = startY - along * dy;
      const distance2 = fromX * fromX + fromY * fromY;
      if (distance2 < nearest * nearest) nearest = Math.sqrt(distance2);
    }
    return inside ? nearest : -nearest;
  }
}
