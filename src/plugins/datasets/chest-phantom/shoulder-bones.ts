import { ellipsoid } from '../phantom/curves.ts';
import { addField, type Raster } from '../phantom/raster.ts';
import { SIDES, type Side } from '../phantom/sides.ts';
import { type AxisPoint, addTube } from '../phantom/tubes.ts';
import type { Anatomy } from './anatomy.ts';

/** Adds the equivalent thickness of cortical bone, in millimetres, of clavicles, scapulae, humeri and jaw. */
export function addShoulderGirdle(bone: Raster, anatomy: Anatomy): void {
  for (const side of SIDES) {
    addClavicle(bone, anatomy, side);
    addScapula(bone, anatomy, side);
    addHumerus(bone, anatomy, side);
  }
  addJaw(bone, anatomy);
}

interface Place {
  readonly x: number;
  readonly y: number;
}

function jointOf({ shape, shoulderOffset, shoulderDrop }: Anatomy, side: Side): Place {
  return { x: shape.midline + side * shoulderOffset, y: shape.apexY + shoulderDrop };
}

/** S-shaped, from beside the breastbone to the point of the shoulder. */
function addClavicle(bone: Raster, anatomy: Anatomy, side: Side): void {
  const { shape, anteriorShift, build, clavicleDrop, boneDensity } = anatomy;
  const joint = jointOf(anatomy, side);
  const medial = { x: shape.midline + anteriorShift + side * 15 * build, y: shape.apexY + clavicleDrop };
  const lateral = { x: joint.x - side * 8, y: joint.y - 27 * build };
  const axis = Array.from({ length: 21 }, (_, i): AxisPoint => {
    const t = i / 20;
    return {
      x: medial.x + t * (lateral.x - medial.x),
      y: medial.y + t * (lateral.y - medial.y) + 5 * Math.sin(2 * Math.PI * t) - 3 * Math.sin(Math.PI * t),
      z: 18 * Math.sin(2 * Math.PI * t),
      radius: build * (5.2 + 4.5 * Math.max(0, 1 - 6 * t) + 1.8 * t * t),
      depth: build * (5.4 - 1.5 * t),
    };
  });
  addTube(bone, axis, 1.25 * boneDensity, { cortex: 1.8 * build, core: 0.35 });
}

/** A thin blade with dense borders: spine and acromion, glenoid, coracoid. */
function addScapula(bone: Raster, anatomy: Anatomy, side: Side): void {
  const { build, boneDensity, shape, scapulaOffset } = anatomy;
  const joint = jointOf(anatomy, side);
  const place = (outwards: number, down: number): Place => ({
    x: joint.x + side * outwards * build,
    y: joint.y + down * build,
  });
  const glenoidTop = place(-20, -14);
  const glenoidBottom = place(-22, 16);
  const neck = place(-34, -4);
  const tip = { x: shape.midline + side * scapulaOffset, y: joint.y + 118 * build };
  const superior = { x: tip.x - side * 22 * build, y: joint.y - 22 * build };
  const spineRoot = { x: tip.x - side * 20 * build, y: joint.y + 12 * build };
  const acromion = place(8, -24);
  addBlade(bone, [superior, glenoidTop, glenoidBottom, tip], 1.6 * boneDensity);
  const edge = (places: readonly Place[], radius: number, gain = 1): void =>
    addTube(
      bone,
      places.map(({ x, y }) => ({ x, y, z: 0, radius: radius * build })),
      gain * boneDensity,
      { cortex: 1.2, core: 0.25 },
    );
  edge([glenoidTop, place(-24, 1), glenoidBottom], 2.6);
  edge([glenoidBottom, place(-33, 40), tip], 2.9);
  edge([tip, spineRoot, superior], 1.4, 0.8);
  edge([superior, neck], 1.6, 0.8);
  edge([spineRoot, place(-40, -14), acromion], 3.6, 0.8);
  edge([acromion, place(16, -16)], 5, 0.8);
  edge([neck, place(-30, -14), place(-16, -8)], 4.6, 0.8);
}

/** A sheet of even thickness over a convex polygon. */
function addBlade(bone: Raster, corners: readonly Place[], thickness: number): void {
  const xs = corners.map(({ x }) => x);
  const ys = corners.map(({ y }) => y);
  const box = {
    left: Math.min(...xs),
    right: Math.max(...xs),
    top: Math.min(...ys),
    bottom: Math.max(...ys),
  };
  const turn = Math.sign(doubleArea(corners));
  addField(bone, box, (x, y) => {
    for (let i = 0; i < corners.length; i++) {
      const from = corners[i] as Place;
      const to = corners[(i + 1) % corners.length] as Place;
      if (turn * ((to.x - from.x) * (y - from.y) - (to.y - from.y) * (x - from.x)) < 0) return 0;
    }
    return thickness;
  });
}

function doubleArea(corners: readonly Place[]): number {
  return corners.reduce((area, from, i) => {
    const to = corners[(i + 1) % corners.length] as Place;
    return area + from.x * to.y - to.x * from.y;
  }, 0);
}

function addHumerus(bone: Raster, anatomy: Anatomy, side: Side): void {
  const { build, boneDensity } = anatomy;
  const joint = jointOf(anatomy, side);
  const angle = anatomy.armAngle[side < 0 ? 0 : 1];
  const [downX, downY] = [side * Math.sin(angle), Math.cos(angle)];
  const radius = 22 * build;
  const box = {
    left: joint.x - radius,
    right: joint.x + radius,
    top: joint.y - radius,
    bottom: joint.y + radius,
  };
  addField(bone, box, (x, y) => {
    const outer = ellipsoid(x - joint.x, y - joint.y, radius, radius) * radius;
    const inner = ellipsoid(x - joint.x, y - joint.y, radius - 1.2, radius - 1.2) * (radius - 1.2);
    return 2 * boneDensity * (outer - 0.93 * inner);
  });
  const shaft = [12, 40, 120, 300].map(
    (along, i): AxisPoint => ({
      x: joint.x + side * 4 + downX * along,
      y: joint.y + downY * along,
      z: 0,
      radius: build * ([17, 12, 10.5, 11][i] as number),
    }),
  );
  addTube(bone, shaft, boneDensity, { cortex: 3 * build, core: 0.08 });
}

function addJaw(bone: Raster, { shape, midline, build, boneDensity }: Anatomy): void {
  const chin = { x: midline.at(-60), y: shape.apexY - 122 };
  const axis = Array.from({ length: 13 }, (_, i): AxisPoint => {
    const t = (i - 6) / 6;
    return {
      x: chin.x + 52 * build * t,
      y: chin.y - 55 * t * t,
      z: -60 * t * t,
      radius: 8 * build,
      depth: 6,
    };
  });
  addTube(bone, axis, boneDensity, { cortex: 2.5, core: 0.3 });
}
