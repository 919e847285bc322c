import type { Point } from '../../../core/data/dataset.ts';
import { ellipsoid } from '../phantom/curves.ts';
import { Outline, smoothRing } from '../phantom/outlines.ts';
import { addField, type Raster } from '../phantom/raster.ts';
import { Shell, type Station } from '../phantom/shells.ts';
import { SIDES, type Side } from '../phantom/sides.ts';
import { addTube } from '../phantom/tubes.ts';
import { headCentre } from './femurs.ts';
import { locate, type Pelvis, type Place } from './shape-model.ts';

export const SPINE: Place = [143, -80, 55];
export const SYMPHYSIS_TOP: Place = [3.5, 19, 50];
export const SYMPHYSIS_BOTTOM: Place = [3.5, 56, 38];
export const TEARDROP_TIP: Place = [66, 23, 8];
export const JOINT_END: Place = [49, -42, -45];

/** Between the femoral head and the floor of its socket. */
const JOINT_SPACE_MM = 4;

/** From the symphysis along the brim of the pelvis and the sacroiliac joint to the crest, and down to the socket. */
const UPPER_BORDER: readonly Place[] = [
  SYMPHYSIS_TOP,
  [11, 15, 51],
  [24, 14, 48],
  [42, 5, 36],
  [57, -7, 22],
  [64, -20, 4],
  [60, -34, -25],
  JOINT_END,
  [47, -58, -45],
  [52, -78, -42],
  [60, -97, -40],
  [64, -113, -42],
  [76, -131, -35],
  [94, -145, -22],
  [112, -149, -8],
  [131, -142, 8],
  [147, -125, 25],
  [152, -103, 42],
  SPINE,
  [134, -68, 48],
  [127, -55, 38],
  [125, -45, 34],
  [119, -35, 20],
];

/** From the socket's outer edge along its back wall and the ischium to the arch below the symphysis. */
const LOWER_BORDER: readonly Place[] = [
  [121, -9, -12],
  [119, 10, -22],
  [108, 27, -24],
  [97, 40, -24],
  [93, 55, -26],
  [92, 71, -28],
  [85, 86, -26],
  [72, 93, -20],
  [58, 89, -8],
  [43, 79, 8],
  [28, 69, 22],
  [14, 62, 34],
  SYMPHYSIS_BOTTOM,
  [3, 38, 46],
];

const FORAMEN: readonly Place[] = [
  [33, 33, 32],
  [46, 24, 24],
  [58, 24, 12],
  [67, 32, -2],
  [71, 44, -10],
  [69, 58, -14],
  [60, 69, -8],
  [47, 69, 6],
  [36, 59, 20],
  [30, 45, 28],
];

/** By level, from the crest down: a thin blade, and the stout bone around and below the socket. */
const STATIONS: readonly Station[] = [
  { along: 0, rounding: 6, depth: 6.5, wall: 1.3, core: 0.3 },
  { along: 22, rounding: 7, depth: 5, wall: 1.2, core: 0.28 },
  { along: 60, rounding: 8, depth: 4.2, wall: 1.2, core: 0.3 },
  { along: 95, rounding: 9, depth: 6, wall: 1.3, core: 0.3 },
  { along: 118, rounding: 10, depth: 8, wall: 1.3, core: 0.28 },
  { along: 165, rounding: 8, depth: 7.5, wall: 1.3, core: 0.26 },
  { along: 200, rounding: 9, depth: 9, wall: 1.4, core: 0.22 },
  { along: 245, rounding: 9, depth: 10, wall: 1.5, core: 0.26 },
];

/** Lines that show where a surface runs along the ray: places, half width and strength. */
const LINES: readonly { readonly path: readonly Place[]; readonly radius: number; readonly gain: number }[] =
  [
    // Brim of the pelvis (iliopectineal line).
    {
      path: [
        [14, 19, 48],
        [30, 16, 44],
        [46, 7, 32],
        [60, -8, 16],
        [65, -22, 0],
        [60, -38, -25],
        [55, -48, -35],
      ],
      radius: 1.5,
      gain: 1.5,
    },
    // Inner wall of the ischium (ilioischial line).
    {
      path: [
        [62, -34, -30],
        [64, -14, -25],
        [63, 6, -22],
        [65, 26, -22],
        [68, 48, -22],
        [68, 70, -22],
      ],
      radius: 1.2,
      gain: 1.3,
    },
    // Teardrop.
    {
      path: [[61, 0, 4], [61, 12, 6], [62.5, 20, 8], TEARDROP_TIP, [69.5, 19, 8], [71, 10, 6], [73, 2, 4]],
      radius: 1.1,
      gain: 1.6,
    },
    // Iliac crest.
    {
      path: [
        [64, -112, -42],
        [77, -129, -35],
        [94, -142.5, -22],
        [112, -146.5, -8],
        [130, -139.5, 8],
        [145, -123, 25],
        [149.5, -103, 42],
        [142, -82, 54],
      ],
      radius: 2.2,
      gain: 0.9,
    },
    // Back edge of the socket.
    {
      path: [
        [117, -22, 0],
        [119.5, -8, -12],
        [117.5, 9, -22],
        [107, 25, -24],
      ],
      radius: 1.2,
      gain: 1,
    },
    // Front edge of the socket.
    {
      path: [
        [114, -22, 18],
        [101, -6, 26],
        [88, 8, 24],
        [78, 16, 20],
      ],
      radius: 1.1,
      gain: 0.8,
    },
  ];

/** Where the bone is stout: the back of the ilium beside the sacrum, from there to the roof of the socket, the pubis. */
const MASSES: readonly { readonly at: Place; readonly radius: number; readonly thickness: number }[] = [
  { at: [66, -94, -42], radius: 26, thickness: 3 },
  { at: [64, -70, -44], radius: 26, thickness: 4 },
  { at: [70, -48, -25], radius: 26, thickness: 4.5 },
  { at: [92, -42, -5], radius: 26, thickness: 4 },
  { at: [14, 32, 46], radius: 18, thickness: 2.5 },
  { at: [76, 84, -26], radius: 22, thickness: 3 },
];

/** The outer edge of the socket's roof, by Wiberg's angle; patient millimetres. */
export function roofEdge(pelvis: Pelvis, side: Side): Point {
  return onRoof(pelvis, side, side < 0 ? pelvis.shape.centreEdgeRight : pelvis.shape.centreEdgeLeft);
}

/** On the roof, at an angle from straight up about the femoral head, outwards. */
function onRoof(pelvis: Pelvis, side: Side, degrees: number): Point {
  const [x, y] = headCentre(pelvis, side);
  const radius = (pelvis.shape.headRadius + JOINT_SPACE_MM) * pelvis.shape.size;
  const angle = (degrees * Math.PI) / 180;
  return [x + side * radius * Math.sin(angle), y - radius * Math.cos(angle)];
}

/** The border of a hip bone; patient millimetres. */
export function hipBorder(pelvis: Pelvis, side: Side): Point[] {
  const place = (points: readonly Place[]): Point[] => points.map((point) => locate(pelvis, side, point));
  return smoothRing([...place(UPPER_BORDER), roofEdge(pelvis, side), ...place(LOWER_BORDER)]);
}

/** The border of the obturator foramen; patient millimetres. */
export function foramenBorder(pelvis: Pelvis, side: Side): Point[] {
  return smoothRing(FORAMEN.map((place) => locate(pelvis, side, place)));
}

/** Adds the equivalent thickness of cortical bone of the hip bones, in millimetres. */
export function addHipBones(bone: Raster, pelvis: Pelvis): void {
  const { size, boneDensity } = pelvis.shape;
  for (const side of SIDES) {
    const border = hipBorder(pelvis, side);
    const top = Math.min(...border.map(([, y]) => y));
    const outline = new Outline(border, foramenBorder(pelvis, side));
    new Shell(outline, [0, top], [0, 1], STATIONS).addTo(bone, boneDensity);
    for (const { path, radius, gain } of LINES) {
      const axis = path.map((place) => locate(pelvis, side, place));
      addLine(bone, axis, radius * size, gain * boneDensity);
    }
    for (const { at, radius, thickness } of MASSES) {
      addMass(bone, locate(pelvis, side, at), radius * size, thickness * boneDensity);
    }
    addRoof(bone, pelvis, side);
  }
}

/** A swelling without an edge. */
function addMass(bone: Raster, [x, y]: Point, radius: number, thickness: number): void {
  const box = { left: x - radius, right: x + radius, top: y - radius, bottom: y + radius };
  addField(bone, box, (px, py) => thickness * ellipsoid(px - x, py - y, radius, radius) ** 4);
}

/** The dense eyebrow over the femoral head, thickest near its outer end. */
function addRoof(bone: Raster, pelvis: Pelvis, side: Side): void {
  const { size, boneDensity, centreEdgeLeft, centreEdgeRight } = pelvis.shape;
  const end = side < 0 ? centreEdgeRight : centreEdgeLeft;
  const steps = 14;
  const axis = Array.from({ length: steps + 1 }, (_, i) =>
    onRoof(pelvis, side, -60 + ((end + 60) * i) / steps),
  );
  addLine(bone, axis, 1.5 * size, 1.6 * boneDensity);
  addLine(bone, axis.slice(5), 2.4 * size, 0.9 * boneDensity);
}

function addLine(bone: Raster, axis: readonly Point[], radius: number, gain: number): void {
  addTube(
    bone,
    axis.map(([x, y]) => ({ x, y, z: 0, radius })),
    gain,
  );
}
