import { type Capsule, mergeCapsule, rod } from '../phantom/capsules.ts';
import { ellipsoid, Profile, roundEdge, smoothStep } from '../phantom/curves.ts';
import { addField, changeRows, EVERYWHERE, type Raster } from '../phantom/raster.ts';
import { SIDES, type Side } from '../phantom/sides.ts';
import type { Anatomy } from './anatomy.ts';

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
