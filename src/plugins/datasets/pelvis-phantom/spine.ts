import type { Point } from '../../../core/data/dataset.ts';
import { ellipsoid } from '../phantom/curves.ts';
import { Outline, smoothRing } from '../phantom/outlines.ts';
import { addField, type Raster } from '../phantom/raster.ts';
import { Shell, type Station } from '../phantom/shells.ts';
import { LEFT, RIGHT, SIDES, type Side } from '../phantom/sides.ts';
import { addTube } from '../phantom/tubes.ts';
import { locateSacrum, type Pelvis, type Place } from './shape-model.ts';

/** Middle of the front edge of the sacrum's upper end. */
export const PROMONTORY: Place = [0, -92, 10];

/** One side of the sacrum, from its upper end down to its tip. */
const SACRUM: readonly Place[] = [
  [16, -95, 8],
  [29, -98, 2],
  [42, -101, -8],
  [56, -98, -20],
  [61, -86, -30],
  [57, -70, -38],
  [50, -54, -45],
  [43, -42, -50],
  [38, -30, -55],
  [29, -20, -58],
  [17, -13, -56],
  [8, -8, -52],
];

/** The openings for the nerves: place and radius in millimetres; an arch of dense bone lies above each. */
const FORAMINA: readonly { readonly at: Place; readonly radius: number }[] = [
  { at: [24, -72, -30], radius: 6.5 },
  { at: [21, -54, -42], radius: 5.5 },
  { at: [18, -39, -50], radius: 4.8 },
  { at: [15.5, -27, -54], radius: 4 },
];

const SACRUM_STATIONS: readonly Station[] = [
  { along: 0, rounding: 8, depth: 13, wall: 0.8, core: 0.17 },
  { along: 40, rounding: 8, depth: 11, wall: 0.7, core: 0.17 },
  { along: 95, rounding: 5, depth: 6, wall: 0.9, core: 0.2 },
];

const VERTEBRA_SPACING_MM = 40;
const VERTEBRA_STATIONS: readonly Station[] = [{ along: 0, rounding: 4, depth: 18, wall: 0.8, core: 0.18 }];

/** Adds the equivalent thickness of cortical bone of lumbar spine, sacrum and coccyx, in millimetres. */
export function addSpine(bone: Raster, pelvis: Pelvis): void {
  addSacrum(bone, pelvis);
  addCoccyx(bone, pelvis);
  for (let number = 5; number >= 3; number--) addVertebra(bone, pelvis, number);
}

function addSacrum(bone: Raster, pelvis: Pelvis): void {
  const { boneDensity, size } = pelvis.shape;
  const right = SACRUM.map((place) => locateSacrum(pelvis, RIGHT, place));
  const left = SACRUM.map((place) => locateSacrum(pelvis, LEFT, place));
  const top = locateSacrum(pelvis, LEFT, PROMONTORY);
  const outline = new Outline(smoothRing([top, ...left, ...right.reverse()]));
  new Shell(outline, [0, top[1] - 8], [0, 1], SACRUM_STATIONS).addTo(bone, boneDensity);
  for (const side of SIDES) {
    for (const { at, radius } of FORAMINA)
      addForamen(bone, locateSacrum(pelvis, side, at), radius * size, boneDensity);
    // The joint with the hip bone: a dense border of either bone, and a dark line between.
    const joint = SACRUM.slice(3, 8).map((place) => locateSacrum(pelvis, side, place));
    addPath(bone, joint, 1.3 * size, 1.1 * boneDensity);
    addPath(
      bone,
      joint.map(([x, y]): Point => [x + side * 3.2 * size, y]),
      1 * size,
      -0.9 * boneDensity,
    );
  }
  for (const level of [-82, -63, -46, -32]) {
    const process = locateSacrum(pelvis, LEFT, [0, level, -45]);
    addEllipsoid(bone, process, 3.4 * size, 6 * size, 3.5 * boneDensity);
  }
}

function addForamen(bone: Raster, [x, y]: Point, radius: number, density: number): void {
  addEllipsoid(bone, [x, y], radius, 0.8 * radius, -2.6 * density);
  const arch = [-80, -50, -20, 10, 40, 70].map((degrees): Point => {
    const angle = (degrees * Math.PI) / 180;
    return [x + 1.15 * radius * Math.sin(angle), y - radius * Math.cos(angle)];
  });
  addPath(bone, arch, 0.9, 1.3 * density);
}

const COCCYX: readonly { readonly at: Place; readonly radius: number }[] = [
  { at: [0, -3, -50], radius: 7.5 },
  { at: [0, 5, -46], radius: 5.5 },
  { at: [0, 12, -40], radius: 4 },
];

function addCoccyx(bone: Raster, pelvis: Pelvis): void {
  const { boneDensity, size } = pelvis.shape;
  for (const { at, radius } of COCCYX) {
    addEllipsoid(bone, locateSacrum(pelvis, LEFT, at), radius * size, 4 * size, 3 * boneDensity);
  }
}

function addEllipsoid(
  bone: Raster,
  [x, y]: Point,
  radiusX: number,
  radiusY: number,
  thickness: number,
): void {
  const box = { left: x - radiusX, right: x + radiusX, top: y - radiusY, bottom: y + radiusY };
  addField(bone, box, (px, py) => thickness * ellipsoid(px - x, py - y, radiusX, radiusY));
}

/** A body with a waist, and the ring of its arch: pedicles, transverse and spinous processes. */
function addVertebra(bone: Raster, pelvis: Pelvis, number: number): void {
  const { boneDensity, size } = pelvis.shape;
  const [x, promontory] = locateSacrum(pelvis, LEFT, PROMONTORY);
  const y = promontory - (25 + (5 - number) * VERTEBRA_SPACING_MM) * size;
  const at = (dx: number, dy: number): Point => [x + dx * size, y + dy * size];
  const [half, height] = [30 - (5 - number), 16.5];
  const side = (sign: Side): Point[] => [
    at(sign * 0.6 * half, -height),
    at(sign * 0.96 * half, -height),
    at(sign * half, -0.75 * height),
    at(sign * 0.88 * half, 0),
    at(sign * half, 0.75 * height),
    at(sign * 0.96 * half, height),
    at(sign * 0.6 * half, height),
  ];
  const outline = new Outline(smoothRing([...side(1), ...side(-1).reverse()]));
  new Shell(outline, [x, y], [0, 1], VERTEBRA_STATIONS).addTo(bone, boneDensity);
  for (const sign of SIDES) {
    const pedicle = Array.from({ length: 13 }, (_, i): Point => {
      const angle = (i * Math.PI) / 6;
      return at(sign * 0.68 * half + 4.5 * Math.cos(angle), -4 + 6.5 * Math.sin(angle));
    });
    addPath(bone, pedicle, 1.1 * size, 1.6 * boneDensity);
    addPath(
      bone,
      [at(sign * 0.8 * half, -4), at(sign * (half + 9), -6), at(sign * (half + 20), -8)],
      4 * size,
      0.35 * boneDensity,
    );
  }
  for (const sign of SIDES) {
    // Where the joints of the arch overlap those of the next vertebra.
    addPath(bone, [at(sign * 15, 6), at(sign * 17, 16), at(sign * 16, 28)], 5.5 * size, 0.3 * boneDensity);
    addPath(bone, [at(sign * 13, 4), at(0, 8)], 6 * size, 0.22 * boneDensity);
  }
  const spinous = Array.from({ length: 13 }, (_, i): Point => {
    const angle = (i * Math.PI) / 6;
    return at(3.6 * Math.cos(angle), 10 + 8 * Math.sin(angle));
  });
  addPath(bone, spinous, 1.3 * size, 1.6 * boneDensity);
}

function addPath(bone: Raster, path: readonly Point[], radius: number, gain: number): void {
  addTube(
    bone,
    path.map(([x, y]) => ({ x, y, z: 0, radius })),
    gain,
  );
}
