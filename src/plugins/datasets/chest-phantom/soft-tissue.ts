import type { Anatomy } from './anatomy.ts';
import { ellipsoid, Profile, roundEdge, smoothStep } from './curves.ts';
import { addField, type Box, changeRows, EVERYWHERE, type Raster } from './raster.ts';
import { SIDES, type Side } from './sides.ts';

/** Adds the thickness of the body along each ray, lungs and bones counted as body, in millimetres. */
export function addBody(thickness: Raster, anatomy: Anatomy): void {
  addTrunk(thickness, anatomy);
  const limbs = SIDES.flatMap((side) => limbsOf(anatomy, side));
  for (const limb of [...limbs, neckOf(anatomy)]) mergeCapsule(thickness, limb);
  addHead(thickness, anatomy);
  if (anatomy.breastDepth > 0) for (const side of SIDES) addBreast(thickness, anatomy, side);
}

function addTrunk(thickness: Raster, { lungs, midline, softTissue, chestDepth, shape }: Anatomy): void {
  const [right, left] = lungs.map(
    ({ wall, apex }) =>
      new Profile(-60, 460, (y) => Math.max(wall.at(Math.max(y, apex.y + 60)) + softTissue, 70)),
  ) as [Profile, Profile];
  const top = shape.apexY + 55;
  const depthAt = (x: number, y: number): number => {
    const offset = x - midline.at(y);
    const across = Math.abs(offset) / (offset < 0 ? right : left).at(y);
    if (across >= 1) return 0;
    const above = Math.max(0, top - y) / 75;
    const rest = 1 - across * across * Math.sqrt(across) - above * above;
    return rest <= 0 ? 0 : chestDepth * (1 + 0.22 * smoothStep(top + 90, top + 240, y)) * Math.sqrt(rest);
  };
  changeRows(thickness, EVERYWHERE, ({ x, y, values }) => {
    for (let i = 0; i < values.length; i++) {
      values[i] = (values[i] as number) + depthAt(x[i] as number, y[i] as number);
    }
  });
}

/** A limb: a rod with round ends; radii across the film, `depth` along the ray at its axis. */
interface Capsule {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
  readonly radius0: number;
  readonly radius1: number;
  readonly depth: number;
}

function limbsOf(anatomy: Anatomy, side: Side): Capsule[] {
  const { shape, shoulderOffset, shoulderDrop, build, softTissue, chestDepth } = anatomy;
  const joint = { x: shape.midline + side * shoulderOffset, y: shape.apexY + shoulderDrop };
  const arm = anatomy.armAngle[side < 0 ? 0 : 1];
  const [armX, armY] = [side * Math.sin(arm), Math.cos(arm)];
  const flesh = 32 * build + 0.7 * softTissue;
  const trapezius = { x: shape.midline + side * 30, y: shape.apexY - 40 };
  const chest = { x: shape.midline + side * 95, y: shape.apexY + 75 };
  return [
    rod(joint, { x: joint.x + armX * 300, y: joint.y + armY * 300 }, flesh + 8, flesh - 6, 118 * build),
    rod(chest, joint, 72 * build, flesh + 8, 0.72 * chestDepth),
    rod(trapezius, { x: joint.x - side * 30, y: joint.y }, 26, flesh + 4, 118 * build),
  ];
}

function neckOf({ shape, midline, neckRadius, chestDepth }: Anatomy): Capsule {
  const bottom = shape.apexY + 40;
  return rod(
    { x: midline.at(-40), y: bottom - 260 },
    { x: midline.at(bottom), y: bottom },
    neckRadius,
    neckRadius,
    0.62 * chestDepth,
  );
}

function rod(
  from: { x: number; y: number },
  to: { x: number; y: number },
  radius0: number,
  radius1: number,
  depth: number,
): Capsule {
  return { x0: from.x, y0: from.y, x1: to.x, y1: to.y, radius0, radius1, depth };
}

/** Limbs blend into what is there: the fourth-power mean of two overlapping thicknesses, not their sum. */
function mergeCapsule(thickness: Raster, { x0, y0, x1, y1, radius0, radius1, depth }: Capsule): void {
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

/** Shows at the upper edge of films that start high. */
function addHead(thickness: Raster, { shape, midline, build }: Anatomy): void {
  const chin = shape.apexY - 118;
  const x = midline.at(-60);
  const box = { left: x - 80, right: x + 80, top: -60, bottom: chin };
  addField(thickness, box, (px, y) => 70 * ellipsoid(px - x, y - chin + 95, 72 * build, 95));
}

/** Hangs to a sharp lower edge and fades upwards. */
function addBreast(thickness: Raster, { lungs, midline, breastDepth, build }: Anatomy, side: Side): void {
  const lung = lungs[side < 0 ? 0 : 1];
  const radius = 58 * build + 0.5 * breastDepth;
  const x = midline.at(lung.costophrenic.y) + side * 0.62 * lung.costophrenic.offset;
  const y = lung.costophrenic.y - 32;
  const box = { left: x - radius, right: x + radius, top: y - 2 * radius, bottom: y + radius };
  addField(thickness, box, (px, py) => {
    const stretch = py < y ? 1.9 : 0.85;
    const q = ((px - x) / radius) ** 2 + ((py - y) / (radius * stretch)) ** 2;
    return q >= 1 ? 0 : breastDepth * roundEdge(1 - Math.sqrt(q), 0.8);
  });
}
