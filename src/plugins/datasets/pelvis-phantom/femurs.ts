import type { Point } from '../../../core/data/dataset.ts';
import { transformPoint } from '../../../core/data/geometry.ts';
import { Outline, smoothRing } from '../phantom/outlines.ts';
import { type Raster, turnAbout } from '../phantom/raster.ts';
import { Shell, type Station } from '../phantom/shells.ts';
import { SIDES, type Side } from '../phantom/sides.ts';
import { addTube } from '../phantom/tubes.ts';
import { onFilm, type Pelvis } from './shape-model.ts';

/** Of the mean adult's femur, from the middle of its head: outwards and downwards, in millimetres on film. */
const GREATER_TROCHANTER: Point = [52, -9];
const LESSER_TROCHANTER: Point = [18, 75];

/** From above the neck round the greater trochanter, down the shaft and up to below the neck. */
const BORDER: readonly Point[] = [
  [26, -14],
  [36, -9],
  [43, -6],
  GREATER_TROCHANTER,
  [60, -4],
  [67, 9],
  [70, 26],
  [67, 45],
  [62, 66],
  [60, 95],
  [58, 130],
  [56, 170],
  [54, 215],
  [42, 235],
  [29, 215],
  [30, 170],
  [31, 130],
  [30.5, 105],
  [28, 90],
  LESSER_TROCHANTER,
  [23, 65],
  [25, 55],
  [22, 42],
  [15, 31],
];

/** Angles of the head's border that the neck leaves free: from below it, inwards, to above it; degrees from outwards, downwards. */
const HEAD_ANGLES = [82, 108, 134, 160, 186, 212, 238, 264, 290, 312];

/** Along the neck, from the inner side of the head on. */
const STATIONS: readonly Station[] = [
  { along: 0, rounding: 25, depth: 23, wall: 0.9, core: 0.13 },
  { along: 34, rounding: 24, depth: 21, wall: 1, core: 0.15 },
  { along: 56, rounding: 14, depth: 15, wall: 1.6, core: 0.24 },
  { along: 80, rounding: 13, depth: 17, wall: 1.4, core: 0.2 },
  { along: 112, rounding: 14, depth: 15, wall: 4, core: 0.1 },
  { along: 150, rounding: 15, depth: 14.5, wall: 6.5, core: 0.05 },
];

/** Outwards and downwards. */
const NECK_DIRECTION: Point = [0.78, 0.62];

/** Bundles of bone that carry load: from the roof through the head into the inner cortex, and along the neck's top. */
const TRABECULAE: readonly (readonly Point[])[] = [
  [
    [2, -18],
    [6, 4],
    [12, 20],
    [22, 38],
  ],
  [
    [-12, 6],
    [6, -4],
    [26, -2],
    [44, 10],
    [58, 32],
  ],
];

/** Middle of the femoral head, in patient millimetres. */
export function headCentre(pelvis: Pelvis, side: Side): Point {
  return onFilm(pelvis, side, [pelvis.shape.headOffset, 0, 0]);
}

export function trochanters(pelvis: Pelvis, side: Side): Record<'greater' | 'lesser', Point> {
  const place = femurPlace(pelvis, side);
  return { greater: place(GREATER_TROCHANTER), lesser: place(LESSER_TROCHANTER) };
}

/** From places of the mean femur to patient millimetres; the leg turns about the middle of the head. */
function femurPlace(pelvis: Pelvis, side: Side): (point: Point) => Point {
  const { shape, posture } = pelvis;
  const [x, y] = headCentre(pelvis, side);
  const turned = turnAbout([x, y], -side * posture.abduction[side < 0 ? 0 : 1]);
  const length = shape.neckLength * shape.size;
  return ([out, down]) => transformPoint(turned, [x + side * out * length, y + down * shape.size]);
}

/** Adds the equivalent thickness of cortical bone of both femurs, in millimetres. */
export function addFemurs(bone: Raster, pelvis: Pelvis): void {
  const { size, boneDensity, headRadius } = pelvis.shape;
  for (const side of SIDES) {
    const [x, y] = headCentre(pelvis, side);
    const place = femurPlace(pelvis, side);
    const radius = headRadius * size;
    const head = HEAD_ANGLES.map((degrees): Point => {
      const angle = (degrees * Math.PI) / 180;
      return [x + side * radius * Math.cos(angle), y + radius * Math.sin(angle)];
    });
    const outline = new Outline(smoothRing([...BORDER.map(place), ...head]));
    const direction: Point = [side * NECK_DIRECTION[0], NECK_DIRECTION[1]];
    const start: Point = [x - radius * direction[0], y - radius * direction[1]];
    new Shell(outline, start, direction, STATIONS).addTo(bone, boneDensity);
    for (const path of TRABECULAE) {
      const axis = path.map(place).map(([px, py]) => ({ x: px, y: py, z: 0, radius: 6 * size }));
      addTube(bone, axis, 0.16 * boneDensity);
    }
  }
}
