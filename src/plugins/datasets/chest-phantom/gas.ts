import type { Random } from '../../../core/random.ts';
import { ellipsoid, smoothStep } from '../phantom/curves.ts';
import { addField, type Raster } from '../phantom/raster.ts';
import { SIDES } from '../phantom/sides.ts';
import { type AxisPoint, addTube } from '../phantom/tubes.ts';
import type { Anatomy } from './anatomy.ts';

/** Adds the thickness of air in the trachea and main bronchi, the stomach and the bowel, in millimetres. */
export function addGas(gas: Raster, anatomy: Anatomy, random: Random): void {
  addAirway(gas, anatomy);
  if (random.chance(0.75)) addStomachBubble(gas, anatomy, random);
  if (random.chance(0.4)) addBowelGas(gas, anatomy, random);
}

function addAirway(gas: Raster, anatomy: Anatomy): void {
  const { shape, midline, anteriorShift, build } = anatomy;
  const carinaY = shape.apexY + 0.36 * (shape.lungHeight - shape.riseRight);
  const x = midline.at(carinaY) + 0.4 * anteriorShift;
  const trachea = [-60, shape.apexY, carinaY - 40, carinaY].map(
    (y, i): AxisPoint => ({
      x: (i < 2 ? midline.at(y) : x) - (i === 2 ? 3 : 0),
      y,
      z: 0,
      radius: 7.6 * build,
      depth: 8 * build,
    }),
  );
  addTube(gas, trachea, 1);
  for (const side of SIDES) {
    const [length, fall] = side < 0 ? [26, 26] : [38, 24];
    const start: AxisPoint = { x: x + side * 3, y: carinaY - 2, z: 0, radius: 5.6 * build };
    const end: AxisPoint = { x: x + side * length, y: carinaY + fall, z: 0, radius: 4.6 * build };
    addTube(gas, [start, end], 0.8);
  }
}

/** Under the left dome; its lower border is the level of what the stomach holds. */
function addStomachBubble(gas: Raster, anatomy: Anatomy, random: Random): void {
  const lung = anatomy.lungs[1];
  const [width, height] = [random.uniform(16, 36), random.uniform(10, 22)];
  const offset = lung.cardiophrenic.offset * random.uniform(0.7, 1) + 0.25 * width;
  const y = lung.dome.at(offset) + height + random.uniform(5, 12);
  const x = anatomy.midline.at(y) + offset;
  const level = y + height * random.uniform(0.1, 0.9);
  const depth = random.uniform(18, 48);
  const box = { left: x - width, right: x + width, top: y - height, bottom: level + 1 };
  addField(
    gas,
    box,
    (px, py) => depth * ellipsoid(px - x, py - y, width, height) * smoothStep(level + 1, level - 1, py),
  );
}

function addBowelGas(gas: Raster, anatomy: Anatomy, random: Random): void {
  const { costophrenic } = anatomy.lungs[1];
  const loops = random.integer(2, 6);
  for (let i = 0; i < loops; i++) {
    const [radiusX, radiusY] = [random.uniform(7, 20), random.uniform(6, 14)];
    const x = anatomy.midline.at(costophrenic.y) + random.uniform(0.25, 0.75) * costophrenic.offset;
    const y = costophrenic.y + random.uniform(0, 60);
    const depth = random.uniform(8, 26);
    const box = { left: x - radiusX, right: x + radiusX, top: y - radiusY, bottom: y + radiusY };
    addField(gas, box, (px, py) => depth * ellipsoid(px - x, py - y, radiusX, radiusY));
  }
}
