import { smoothStep } from '../phantom/curves.ts';
import { changeRows, type Raster } from '../phantom/raster.ts';
import { SIDES, type Side } from '../phantom/sides.ts';
import { type AxisPoint, addTube } from '../phantom/tubes.ts';
import type { Anatomy } from './anatomy.ts';

/** Half depth of each rib's ring, and the angle from the spine to its bony end in front; ribs 1 to 12; estimates. */
const RIBS: readonly { readonly halfDepthMm: number; readonly endDegrees: number }[] = [
  { halfDepthMm: 30, endDegrees: 128 },
  { halfDepthMm: 48, endDegrees: 152 },
  { halfDepthMm: 65, endDegrees: 152 },
  { halfDepthMm: 77, endDegrees: 150 },
  { halfDepthMm: 85, endDegrees: 147 },
  { halfDepthMm: 90, endDegrees: 143 },
  { halfDepthMm: 93, endDegrees: 136 },
  { halfDepthMm: 95, endDegrees: 126 },
  { halfDepthMm: 95, endDegrees: 116 },
  { halfDepthMm: 93, endDegrees: 105 },
  { halfDepthMm: 88, endDegrees: 85 },
  { halfDepthMm: 80, endDegrees: 60 },
];

const RIB_STEP_DEGREES = 4;

/** Adds the equivalent thickness of cortical bone, in millimetres, of ribs and spine. */
export function addRibCage(bone: Raster, anatomy: Anatomy): void {
  for (const side of SIDES) {
    for (const index of RIBS.keys()) addRib(bone, anatomy, side, index);
  }
  addSpine(bone, anatomy);
}

/** y of the middle of thoracic vertebra `number` (1 to 12; below and above by the same spacing). */
function vertebraY({ shape, vertebraSpacing }: Anatomy, number: number): number {
  return shape.apexY + 1 + (number - 1) * vertebraSpacing;
}

/** A rib is a tilted ring round the chest: it leaves the spine, falls along the side, and returns in front. */
function addRib(bone: Raster, anatomy: Anatomy, side: Side, index: number): void {
  const { halfDepthMm, endDegrees } = RIBS[index] as (typeof RIBS)[number];
  const { midline, ribSlope, build, chestDepth, anteriorShift } = anatomy;
  const { wall } = anatomy.lungs[side < 0 ? 0 : 1];
  const headY = vertebraY(anatomy, index + 1) - 4;
  const depth = (halfDepthMm * chestDepth) / 205;
  const fall = depth * ribSlope;
  const halfWidth = wall.at(headY + fall) + 2;
  const [broad, thin] = [6 * build, 2.8 * build];
  const axis: AxisPoint[] = [];
  for (let degrees = 8; degrees <= endDegrees; degrees += RIB_STEP_DEGREES) {
    const angle = (degrees * Math.PI) / 180;
    const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
    const y = headY + fall * (1 - cosine) - 6 * Math.sin(Math.min(2 * angle, Math.PI));
    const front = smoothStep(0.5, -1, cosine);
    const radius = Math.hypot(broad * (1 + 0.25 * front) * cosine, thin * sine);
    axis.push({
      x: midline.at(y) + side * halfWidth * sine ** 0.86 + anteriorShift * front,
      y,
      z: depth * (1 - cosine),
      radius,
      depth: (broad * thin) / radius,
    });
  }
  addTube(bone, axis, 1.45 * anatomy.boneDensity, { cortex: 1.2 * build, core: 0.3 });
}

/** Bodies with dense end plates and sides, pedicles, spinous and transverse processes. */
function addSpine(bone: Raster, anatomy: Anatomy): void {
  const { midline, shape, vertebraSpacing, boneDensity, build } = anatomy;
  const first = vertebraY(anatomy, 1);
  const box = { left: shape.midline - 70, right: shape.midline + 70, top: -100, bottom: 500 };
  const thicknessAt = (x: number, y: number): number => {
    const offset = Math.abs(x - midline.at(y));
    if (offset > 26 * build) return 0;
    const count = Math.round((y - first) / vertebraSpacing);
    const halfWidth = (14.5 + 0.45 * Math.min(Math.max(count, 0), 14)) * build;
    const along = y - first - count * vertebraSpacing;
    return boneDensity * vertebra(offset, along, halfWidth, 0.43 * vertebraSpacing);
  };
  changeRows(bone, box, ({ x, y, values }) => {
    for (let i = 0; i < values.length; i++) {
      values[i] = (values[i] as number) + thicknessAt(x[i] as number, y[i] as number);
    }
  });
  for (let number = -1; number <= 12; number++) addTransverseProcesses(bone, anatomy, number);
}

/** Equivalent bone at a place of a vertebra, `along` downwards from its middle. */
function vertebra(offset: number, along: number, halfWidth: number, halfHeight: number): number {
  const waist = halfWidth - 1.5 * (1 - (along / halfHeight) ** 2);
  const inside = Math.min(waist - offset, 1.6 * (halfHeight - Math.abs(along)));
  const body = smoothStep(-0.8, 0.8, inside) * (7 + 4.5 * Math.exp(-(((inside - 1) / 1.1) ** 2)));
  const pedicle = ring(offset - 0.66 * halfWidth, along + 0.32 * halfHeight, 3.4, 4.4);
  const spinous = ring(offset, along - 0.55 * halfHeight, 2.8, 5.5);
  const posterior = 1.6 * smoothStep(halfWidth, 0.4 * halfWidth, offset);
  return body + 4.5 * pedicle + 4 * spinous + posterior;
}

/** A bright rim around a fainter middle. */
function ring(dx: number, dy: number, radiusX: number, radiusY: number): number {
  const distance = Math.sqrt((dx / radiusX) ** 2 + (dy / radiusY) ** 2);
  return distance > 1.6 ? 0 : Math.exp(-(((distance - 0.9) / 0.3) ** 2)) + (distance < 0.8 ? 0.35 : 0);
}

function addTransverseProcesses(bone: Raster, anatomy: Anatomy, number: number): void {
  const { build, midline, boneDensity } = anatomy;
  const y = vertebraY(anatomy, number) - 2;
  const length = (number < 1 ? 27 : 31 - 0.7 * number) * build;
  for (const side of SIDES) {
    const x = midline.at(y);
    const root: AxisPoint = { x: x + side * 12 * build, y, z: 0, radius: 4 * build };
    const tip: AxisPoint = { x: x + side * length, y: y - 5, z: 0, radius: 3.6 * build };
    addTube(bone, [root, tip], 0.7 * boneDensity, { cortex: 1, core: 0.2 });
  }
}
