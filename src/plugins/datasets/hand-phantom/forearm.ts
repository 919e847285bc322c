import type { Point } from '../../../core/data/dataset.ts';
import { type Affine, chain, transformPoint } from '../../../core/data/geometry.ts';
import { Outline, smoothRing } from '../phantom/outlines.ts';
import type { Raster } from '../phantom/raster.ts';
import { Shell, type Station } from '../phantom/shells.ts';
import { addTube } from '../phantom/tubes.ts';
import type { Hand } from './anatomy.ts';
import { closure } from './growth.ts';

/** The growth plates of the forearm are the last of the hand's to close. */
const CLOSES_YEARS = 17.3;

/** The growth plates' width in these drawings, in millimetres. */
const DRAWN_PLATE_MM = 1;

/**
 * The lower end of a forearm bone of a grown-up man, in millimetres from the base of the middle metacarpal, y
 * downwards. Its border, in order: `styloid`, `joint`, `farCorner`, `shaft`, `nearCorner`, `side`. While it grows,
 * `plate` closes the border of the epiphysis, and the shaft ends between the corners.
 */
interface ForearmBone {
  readonly styloid: Point;
  readonly joint: readonly Point[];
  readonly plate: readonly Point[];
  readonly side: readonly Point[];
  readonly farCorner: Point;
  readonly nearCorner: Point;
  readonly shaft: readonly Point[];
  readonly halfWidthMm: number;
}

export const RADIUS: ForearmBone = {
  styloid: [15.9, 29.2],
  joint: [
    [12, 31.9],
    [6, 34.4],
    [0, 35.7],
    [-6, 37.2],
    [-10, 37.6],
    [-11, 40],
  ],
  plate: [
    [-10, 42.8],
    [-4, 43.5],
    [4, 43.7],
    [11, 43.4],
    [15.6, 42.6],
  ],
  side: [
    [17.2, 39],
    [17, 33.6],
  ],
  farCorner: [-10.4, 44.2],
  nearCorner: [16, 44.7],
  shaft: [
    [-10.2, 50],
    [-9, 58],
    [-7.8, 72],
    [-7.4, 95],
    [-7, 125],
    [-7, 160],
    [2, 172],
    [11, 160],
    [11, 125],
    [11, 95],
    [11.6, 72],
    [13.2, 58],
    [15.6, 50],
  ],
  halfWidthMm: 9.4,
};

export const ULNA: ForearmBone = {
  styloid: [-26, 35],
  joint: [
    [-24.2, 38],
    [-22, 39.8],
    [-18, 39.6],
    [-14.4, 40.4],
    [-13.2, 42.6],
  ],
  plate: [
    [-15, 44.8],
    [-21.5, 45],
    [-28, 44.2],
  ],
  side: [
    [-29.2, 41.6],
    [-27.8, 38],
  ],
  farCorner: [-13.8, 46],
  nearCorner: [-29.2, 45.2],
  shaft: [
    [-14.6, 52],
    [-16, 62],
    [-16.8, 80],
    [-17, 105],
    [-17, 135],
    [-17, 160],
    [-22.5, 170],
    [-28.4, 160],
    [-28.4, 135],
    [-28.4, 105],
    [-28.2, 80],
    [-28.2, 62],
    [-29, 52],
  ],
  halfWidthMm: 5.8,
};

/** Ends of the shaft and tip of the styloid, in hand millimetres. */
export function forearmPoints(hand: Hand, bone: ForearmBone): Record<'far' | 'near' | 'styloid', Point> {
  const place = (point: Point): Point => transformPoint(hand.wrist.forearm, point);
  const styloid = place(epiphysisFrame(hand, bone)(bone.styloid));
  return { far: place(bone.farCorner), near: place(bone.nearCorner), styloid };
}

/** While the hand is young the epiphysis is small; it grows from the middle of its plate. */
function epiphysisFrame({ growth, scale }: Hand, bone: ForearmBone): (point: Point) => Point {
  const { farCorner, nearCorner } = bone;
  const [middleX, middleY] = [(farCorner[0] + nearCorner[0]) / 2, (farCorner[1] + nearCorner[1]) / 2];
  const width = Math.min(1, growth.epiphysisWidth);
  const open = 1 - closure(growth, CLOSES_YEARS);
  const lift = open * Math.max(0, growth.plateMm / scale - DRAWN_PLATE_MM);
  return ([x, y]) => [
    middleX + width * (x - middleX),
    middleY - lift + growth.epiphysisHeight * (y - middleY),
  ];
}

/** Adds the equivalent thickness of cortical bone of radius and ulna. */
export function addForearm(raster: Raster, hand: Hand, placed: Affine): void {
  for (const bone of [RADIUS, ULNA]) addForearmBone(raster, hand, bone, chain(hand.wrist.forearm, placed));
  addBackRim(raster, hand, placed);
}

/** The back rim of the radius' joint lies lower on the film than the front one. */
function addBackRim(raster: Raster, hand: Hand, placed: Affine): void {
  const { scale, measures, wrist } = hand;
  const young = epiphysisFrame(hand, RADIUS);
  const axis = RADIUS.joint.slice(0, 5).map(([x, y]) => {
    const [filmX, filmY] = transformPoint(chain(wrist.forearm, placed), young([0.95 * x, y + 1.8]));
    return { x: filmX, y: filmY, z: 0, radius: 0.9 * scale };
  });
  addTube(raster, axis, measures.density);
}

function addForearmBone(raster: Raster, hand: Hand, bone: ForearmBone, frame: Affine): void {
  const { styloid, joint, plate, side, farCorner, nearCorner, shaft } = bone;
  const { growth, measures, scale } = hand;
  const [, b, , , e] = frame;
  const down: Point = [b / Math.hypot(b, e), e / Math.hypot(b, e)];
  const stations = stationsOf(bone, scale);
  const add = (ring: readonly Point[], share: number): void => {
    const outline = new Outline(smoothRing(ring.map((point) => transformPoint(frame, point))));
    const start = transformPoint(frame, styloid);
    new Shell(outline, start, down, stations).addTo(raster, share * measures.density);
  };
  const closed = closure(growth, CLOSES_YEARS);
  if (closed > 0) add([styloid, ...joint, farCorner, ...shaft, nearCorner, ...side], closed);
  if (closed < 1) {
    add([styloid, ...joint, ...plate, ...side].map(epiphysisFrame(hand, bone)), 1 - closed);
    const middle: Point = [(farCorner[0] + nearCorner[0]) / 2, (farCorner[1] + nearCorner[1]) / 2 + 0.3];
    add([farCorner, ...shaft, nearCorner, middle], 1 - closed);
  }
}

function stationsOf({ halfWidthMm }: ForearmBone, scale: number): Station[] {
  const wide = halfWidthMm * scale;
  return [
    { along: 0, rounding: 3 * scale, depth: 0.85 * wide, wall: 0.7 * scale, core: 0.32 },
    { along: 22 * scale, rounding: 0.8 * wide, depth: 0.85 * wide, wall: 0.9 * scale, core: 0.25 },
    { along: 45 * scale, rounding: 0.95 * wide, depth: 0.75 * wide, wall: 0.26 * wide, core: 0.08 },
  ];
}
