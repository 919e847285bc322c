import type { Point } from '../../../core/data/dataset.ts';
import { type Affine, chain, transformPoint } from '../../../core/data/geometry.ts';
import { furthest, Outline, smoothRing } from '../phantom/outlines.ts';
import type { Raster } from '../phantom/raster.ts';
import { Shell } from '../phantom/shells.ts';
import { addTube } from '../phantom/tubes.ts';
import type { Hand } from './anatomy.ts';
import { ossification } from './growth.ts';

/** A wrist bone of a grown-up man: its border in millimetres from the base of the middle metacarpal, y downwards. */
interface WristBone {
  readonly row: 'distalRow' | 'proximalRow';
  /** When its bony core shows, in years. */
  readonly appearsYears: number;
  readonly halfDepthMm: number;
  readonly ring: readonly Point[];
}

/** Drawn from hand atlases by eye, so that the lowest points fall on the mean landmarks of Payer et al. 2019. */
export const WRIST_BONES = {
  triquetrum: {
    row: 'proximalRow',
    appearsYears: 2.5,
    halfDepthMm: 7,
    ring: [
      [-19, 28.2],
      [-15, 27.6],
      [-13, 24.6],
      [-14, 21],
      [-18, 16.8],
      [-22.5, 14.8],
      [-25, 17.4],
      [-24.6, 22],
      [-22.6, 26.2],
    ],
  },
  lunate: {
    row: 'proximalRow',
    appearsYears: 3.5,
    halfDepthMm: 8,
    ring: [
      [-8.7, 34.8],
      [-4, 33.4],
      [-1.8, 29.6],
      [-2.8, 26.8],
      [-6.6, 25.8],
      [-9.6, 23.2],
      [-11.4, 24.4],
      [-13.6, 28.4],
      [-13, 32.6],
    ],
  },
  scaphoid: {
    row: 'proximalRow',
    appearsYears: 4.5,
    halfDepthMm: 7.5,
    ring: [
      [4.8, 32.2],
      [1, 30.6],
      [0.2, 27.4],
      [3.4, 24.6],
      [6.6, 20.4],
      [9, 15.8],
      [13.4, 15],
      [17.2, 18.6],
      [17.4, 22],
      [14.4, 26.4],
      [10, 30.4],
    ],
  },
  hamate: {
    row: 'distalRow',
    appearsYears: 0.5,
    halfDepthMm: 8.5,
    ring: [
      [-10.2, 20.8],
      [-8, 15.6],
      [-8.2, 9],
      [-7.6, 3.4],
      [-12, 2.8],
      [-17, 4.2],
      [-22, 6.2],
      [-22, 10.4],
      [-17.6, 14.2],
      [-13, 19],
    ],
  },
  capitate: {
    row: 'distalRow',
    appearsYears: 0.4,
    halfDepthMm: 9,
    ring: [
      [-1.2, 24.8],
      [3, 23.2],
      [5, 18.4],
      [5.6, 12],
      [6.6, 6.4],
      [5.8, 2.2],
      [0, 1.4],
      [-5.4, 2.2],
      [-6.6, 7],
      [-6.4, 14],
      [-5.2, 20.6],
    ],
  },
  trapezoid: {
    row: 'distalRow',
    appearsYears: 5,
    halfDepthMm: 7.5,
    ring: [
      [11.9, 13],
      [8.4, 11.4],
      [8, 6.6],
      [9.4, 3.4],
      [13.6, 3.2],
      [17, 5],
      [16.8, 9.4],
      [15, 12.4],
    ],
  },
  trapezium: {
    row: 'distalRow',
    appearsYears: 4.8,
    halfDepthMm: 8,
    ring: [
      [18.8, 17.6],
      [16.2, 14],
      [17.4, 9],
      [18.8, 5],
      [22, 5],
      [25.6, 8.8],
      [27.6, 13],
      [24, 16.6],
    ],
  },
} as const satisfies Record<string, WristBone>;

/** Lies in front of the triquetrum; it has no landmark. */
const PISIFORM: WristBone = {
  row: 'proximalRow',
  appearsYears: 9,
  halfDepthMm: 4.5,
  ring: [
    [-19.6, 26.4],
    [-16.4, 23.6],
    [-16.8, 19.8],
    [-20.2, 18],
    [-23.4, 20.2],
    [-23.2, 24.4],
  ],
};

type WristBoneName = keyof typeof WRIST_BONES;

/** The point of a wrist bone that lies nearest the elbow, in hand millimetres. */
export function lowestPoint(hand: Hand, name: WristBoneName): Point {
  const frame = hand.wrist[WRIST_BONES[name].row];
  const down = transformPoint([frame[0], frame[1], 0, frame[3], frame[4], 0], [0, 1]);
  return furthest(ringOf(hand, WRIST_BONES[name]), down);
}

/** The bony core: the grown-up border, shrunk, and rounder the younger it is. */
function ringOf(hand: Hand, { row, appearsYears, ring }: WristBone): Point[] {
  const count = ring.length;
  const middle = ring.reduce(([sumX, sumY], [x, y]): Point => [sumX + x / count, sumY + y / count], [0, 0]);
  const away = ring.map(([x, y]) => Math.hypot(x - middle[0], y - middle[1]));
  const radius = away.reduce((sum, distance) => sum + distance / count, 0);
  const grown = ossification(hand.growth, appearsYears);
  const frame: Affine = hand.wrist[row];
  return smoothRing(
    ring.map(([x, y], i): Point => {
      const distance = away[i] as number;
      const share = (grown * (grown * distance + (1 - grown) * radius)) / distance;
      return transformPoint(frame, [
        middle[0] + share * (x - middle[0]),
        middle[1] + share * (y - middle[1]),
      ]);
    }),
  );
}

/** Adds the equivalent thickness of cortical bone of the wrist's eight small bones. */
export function addWristBones(raster: Raster, hand: Hand, placed: Affine): void {
  for (const bone of [...Object.values(WRIST_BONES), PISIFORM]) {
    const { growth, measures, scale } = hand;
    const grown = ossification(growth, bone.appearsYears);
    const ring = ringOf(hand, bone).map((point) => transformPoint(placed, point));
    const station = {
      along: 0,
      rounding: 4.5 * scale * grown,
      depth: bone.halfDepthMm * scale * grown,
      wall: 0.6 * scale,
      core: 0.2,
    };
    new Shell(new Outline(ring), [0, 0], [1, 0], [station]).addTo(raster, measures.density);
  }
  for (const { bone, path } of RIDGES) addRidge(raster, hand, bone, path, placed);
}

/** Edges and hooks that run along the ray: dense lines inside the bones' borders. */
const RIDGES: readonly { readonly bone: WristBoneName; readonly path: readonly Point[] }[] = [
  {
    bone: 'hamate',
    path: [
      [-13.2, 7],
      [-16.4, 6.4],
      [-18.4, 9],
      [-17, 12],
      [-14, 12.4],
    ],
  },
  {
    bone: 'lunate',
    path: [
      [-10.6, 25.4],
      [-7.6, 27.6],
      [-5, 28.4],
      [-2.6, 28.2],
    ],
  },
  {
    bone: 'scaphoid',
    path: [
      [9.4, 17.6],
      [12.6, 18.4],
      [14, 21],
      [11.6, 24.6],
      [8.4, 26.8],
    ],
  },
  {
    bone: 'trapezoid',
    path: [
      [9, 10],
      [12, 11.4],
      [15, 10.8],
    ],
  },
];

/** Shows as far as its bone has grown. */
function addRidge(
  raster: Raster,
  { growth, measures, scale, wrist }: Hand,
  bone: WristBoneName,
  path: readonly Point[],
  placed: Affine,
): void {
  const { row, appearsYears } = WRIST_BONES[bone];
  const shown = Math.max(0, (ossification(growth, appearsYears) - 0.75) / 0.25);
  const frame = chain(wrist[row], placed);
  const axis = path.map((point) => {
    const [x, y] = transformPoint(frame, point);
    return { x, y, z: 0, radius: 1.1 * scale };
  });
  addTube(raster, axis, 1.1 * shown * measures.density);
}
