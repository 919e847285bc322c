import { type Box, changeRows, type Raster } from './raster.ts';

/** A limb: a rod with round ends; radii across the film, `depth` along the ray at its axis. */
export interface Capsule {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
  readonly radius0: number;
  readonly radius1: number;
  readonly depth: number;
}

export function rod(
  from: { x: number; y: number },
  to: { x: number; y: number },
  radius0: number,
  radius1: number,
  depth: number,
): Capsule {
  return { x0: from.x, y0: from.y, x1: to.x, y1: to.y, radius0, radius1, depth };
}

/** Limbs blend into what is there: the fourth-power mean of two overlapping thicknesses, not their sum. */
export function mergeCapsule(thickness: Raster, { x0, y0, x1, y1, radius0, radius1, depth }: Capsule): void {
  const reach = Math.max(radius0, radius1);
  const box: Box = {
    left: Math.min(x0, x1) - reach,
    right: Math.max(x0, x1) + reach,
    top: Math.min(y0, y1) - reach,
    bottom: Math.max(y0, y1) + reach,
  };
  const [dx, dy] = [x1 - x0, y1 - y0];
  const inverseLength2 = 1 / (dx * dx + dy * dy);
  const merged = (x: number, y: number, present: number): number => {
    const along = Math.min(Math.max(((x - x0) * dx + (y - y0) * dy) * inverseLength2, 0), 1);
    const fx = x - x0 - along * dx;
    const fy = y - y0 - along * dy;
    const radius = radius0 + along * (radius1 - radius0);
    const rest = 1 - (fx * fx + fy * fy) / (radius * radius);
    if (rest <= 0) return present;
    const limb2 = depth * depth * rest;
    const present2 = present * present;
    return Math.sqrt(Math.sqrt(present2 * present2 + limb2 * limb2));
  };
  changeRows(thickness, box, ({ x, y, values }) => {
    for (let i = 0; i < values.length; i++) {
      values[i] = merged(x[i] as number, y[i] as number, values[i] as number);
    }
  });
}
