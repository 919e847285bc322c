import type { Point } from '../../../core/data/dataset.ts';
import { transformPoint } from '../../../core/data/geometry.ts';
import type { Hand, LongBone } from './anatomy.ts';
import { forearmPoints, RADIUS, ULNA } from './forearm.ts';
import type { Digit } from './proportions.ts';
import { lowestPoint, WRIST_BONES } from './wrist-bones.ts';

const FINGERS = ['index', 'middle', 'ring', 'little'] as const satisfies readonly Digit[];

/** In the order of the Digital Hand Atlas labels of Payer et al. 2019. */
export const LANDMARK_NAMES: readonly string[] = [
  'distal ulna, little finger side',
  'ulnar styloid',
  'distal ulna, thumb side',
  'distal radius, little finger side',
  'distal radius, thumb side',
  'radial styloid',
  ...Object.keys(WRIST_BONES),
  'little finger metacarpal base',
  'ring finger metacarpal base',
  'middle finger metacarpal base',
  'index finger metacarpal base',
  'thumb metacarpal base',
  'thumb MCP joint',
  'thumb IP joint',
  'thumb tip',
  ...FINGERS.flatMap((finger) =>
    ['MCP joint', 'PIP joint', 'DIP joint', 'tip'].map((place) => `${finger} finger ${place}`),
  ),
];

/** In hand millimetres. */
export function handLandmarks(hand: Hand): Point[] {
  const [ulna, radius] = [forearmPoints(hand, ULNA), forearmPoints(hand, RADIUS)];
  const wristBones = Object.keys(WRIST_BONES) as (keyof typeof WRIST_BONES)[];
  const digits = ['thumb', ...FINGERS] as const;
  return [
    ulna.near,
    ulna.styloid,
    ulna.far,
    radius.far,
    radius.near,
    radius.styloid,
    ...wristBones.map((name) => lowestPoint(hand, name)),
    ...[...digits].reverse().map((digit) => baseOf(hand.digits[digit][0] as LongBone)),
    ...digits.flatMap((digit) => jointsOf(hand.digits[digit])),
  ];
}

function baseOf({ frame }: LongBone): Point {
  return transformPoint(frame, [0, 0]);
}

/** The middle of each joint's space, and the tip of the last bone. */
function jointsOf(bones: readonly LongBone[]): Point[] {
  return bones.map(({ frame, lengthMm }, i) => {
    const tip = transformPoint(frame, [0, lengthMm]);
    const next = bones[i + 1];
    if (next === undefined) return tip;
    const base = baseOf(next);
    return [(tip[0] + base[0]) / 2, (tip[1] + base[1]) / 2];
  });
}

/** Along each digit, across the wrist, and round the forearm's ends. */
export const EDGES: readonly (readonly [number, number])[] = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 4],
  [4, 5],
  [1, 6],
  [5, 8],
  [6, 7],
  [7, 8],
  [6, 9],
  [7, 10],
  [8, 11],
  [8, 12],
  [9, 13],
  [9, 14],
  [10, 15],
  [11, 16],
  [12, 17],
  ...chainOf(17, 18, 19, 20),
  ...chainOf(16, 21, 22, 23, 24),
  ...chainOf(15, 25, 26, 27, 28),
  ...chainOf(14, 29, 30, 31, 32),
  ...chainOf(13, 33, 34, 35, 36),
];

function chainOf(...landmarks: readonly number[]): [number, number][] {
  return landmarks.slice(1).map((landmark, i) => [landmarks[i] as number, landmark]);
}
