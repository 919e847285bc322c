import type { Point } from '../../../core/data/dataset.ts';
import { type Affine, chain, transformPoint } from '../../../core/data/geometry.ts';
import { ellipsoid, roundEdge } from '../phantom/curves.ts';
import { Outline, smoothRing } from '../phantom/outlines.ts';
import { changeRows, type Raster } from '../phantom/raster.ts';
import type { Hand, LongBone } from './anatomy.ts';
import { DIGITS, type Digit } from './proportions.ts';

/** Half the width of a digit of a grown-up man along its bones: share of a bone's length, millimetres. */
const FLESH: Readonly<Record<'thumb' | 'finger', readonly (readonly (readonly [number, number])[])[]>> = {
  thumb: [
    [],
    [
      [0.3, 11],
      [0.65, 9.8],
      [0.98, 10.2],
    ],
    [
      [0.35, 9.8],
      [0.7, 9],
    ],
  ],
  finger: [
    [],
    [
      [0.66, 9.2],
      [0.97, 9.2],
    ],
    [
      [0.45, 8.3],
      [0.97, 7.9],
    ],
    [
      [0.35, 7.7],
      [0.75, 7.1],
    ],
  ],
};

/** The girth of a digit over the index finger's. */
const GIRTH: Readonly<Record<Digit, number>> = { thumb: 1, index: 1, middle: 1.04, ring: 0.97, little: 0.86 };

/** From the tip of the bone to the skin. */
const TIP_MM = 3.6;

/** The forearm's skin and the heel of the hand, from the elbow up and down again; places as in FOREARM bones. */
const ULNAR_SIDE: readonly Point[] = [
  [-41, 190],
  [-40, 150],
  [-37.5, 105],
  [-35, 70],
  [-34, 48],
  [-33.5, 33],
  [-33.5, 16],
];
const RADIAL_SIDE: readonly Point[] = [
  [24, 33],
  [23, 48],
  [23.5, 70],
  [26, 105],
  [29, 150],
  [30, 190],
];

/** The muscles of the palm, and the forearm: extra half depth, millimetres. */
interface Bulge {
  readonly at: Point;
  readonly radiusX: number;
  readonly radiusY: number;
  readonly depth: number;
}

const BULGES: readonly Bulge[] = [
  { at: [-2, -18], radiusX: 54, radiusY: 74, depth: 4.5 },
  { at: [20, -10], radiusX: 34, radiusY: 46, depth: 6 },
  { at: [-21, 2], radiusX: 25, radiusY: 48, depth: 4 },
  { at: [-5, 100], radiusX: 75, radiusY: 130, depth: 13 },
];

/** Half the depth of a finger, at the girth of the index finger. */
const FINGER_HALF_DEPTH_MM = 9.4;
const FINGER_ROUNDING_MM = 8.6;
const PALM_ROUNDING_MM = 20;

/** Adds the thickness of the hand along each ray, bones counted as flesh, in millimetres. */
export function addFlesh(thickness: Raster, hand: Hand, placed: Affine): void {
  const { scale, measures } = hand;
  const ring = smoothRing(skin(hand)).map((point) => transformPoint(placed, point));
  const outline = new Outline(ring);
  const bulgeAt = bulges(hand, placed);
  const inside = new Float64Array(thickness.size);
  const palmRounding = PALM_ROUNDING_MM * scale;
  const fingerRounding = FINGER_ROUNDING_MM * scale * measures.fleshWidth;
  const finger = FINGER_HALF_DEPTH_MM * scale * measures.fleshWidth * measures.fleshDepth;
  changeRows(thickness, outline.box, (row) => {
    outline.readInto(inside, row, palmRounding);
    const { x, y, values } = row;
    for (let i = 0; i < values.length; i++) {
      const distance = inside[i] as number;
      if (distance <= 0) continue;
      const bulge = bulgeAt(x[i] as number, y[i] as number) * roundEdge(distance, palmRounding);
      values[i] = (values[i] as number) + 2 * (finger * roundEdge(distance, fingerRounding) + bulge);
    }
  });
}

function bulges({ scale, wrist, measures }: Hand, placed: Affine): (x: number, y: number) => number {
  const frame = chain(wrist.distalRow, placed);
  const bumps = BULGES.map(({ at, radiusX, radiusY, depth }) => {
    const [x, y] = transformPoint(frame, at);
    return {
      x,
      y,
      radiusX: radiusX * scale,
      radiusY: radiusY * scale,
      depth: depth * scale * measures.fleshDepth,
    };
  });
  return (x, y) => {
    let sum = 0;
    for (const bump of bumps)
      sum += bump.depth * ellipsoid(x - bump.x, y - bump.y, bump.radiusX, bump.radiusY) ** 3;
    return sum;
  };
}

/** The border of the hand, from the elbow's side of the little finger round to that of the thumb; hand millimetres. */
function skin(hand: Hand): Point[] {
  const { digits, wrist } = hand;
  const fingers = [...DIGITS].reverse().filter((digit) => digit !== 'thumb');
  const upright = fingers.flatMap((digit, i): Point[] => {
    const next = fingers[i + 1];
    return [...digitBorder(hand, digit), ...(next === undefined ? [] : [webBetween(hand, digit, next)])];
  });
  const forearm = (points: readonly Point[]): Point[] =>
    points.map((point) => transformPoint(wrist.forearm, point));
  return [
    ...forearm(ULNAR_SIDE),
    ...sideOf(hand, digits.little[0] as LongBone, -1, [
      [0.55, 10.5],
      [0.98, 11.5],
    ]),
    ...sideOf(hand, digits.little[1] as LongBone, -1, [[0.25, 9.6]]),
    ...upright,
    ...sideOf(hand, digits.index[1] as LongBone, 1, [[0.25, 10.4]]),
    ...sideOf(hand, digits.index[0] as LongBone, 1, [[0.93, 12.5]]),
    thumbWeb(digits),
    ...digitBorder(hand, 'thumb'),
    ...sideOf(hand, digits.thumb[0] as LongBone, 1, [
      [0.96, 11.5],
      [0.5, 11],
      [0.05, 10.5],
    ]),
    ...forearm(RADIAL_SIDE),
  ];
}

/** Up the little finger's side, round the tip, and down the thumb's side. */
function digitBorder(hand: Hand, digit: Digit): Point[] {
  const bones = hand.digits[digit];
  const flesh = FLESH[digit === 'thumb' ? 'thumb' : 'finger'];
  const girth = GIRTH[digit];
  const widths = bones.map((_, i) =>
    (flesh[i] ?? []).map(([share, half]): [number, number] => [share, half * girth]),
  );
  const up = bones.flatMap((bone, i) => sideOf(hand, bone, -1, widths[i] ?? []));
  const down = bones.flatMap((bone, i) => sideOf(hand, bone, 1, widths[i] ?? [])).reverse();
  const last = bones[bones.length - 1] as LongBone;
  const tip = (across: number, beyond: number): Point =>
    transformPoint(last.frame, [
      across * girth * hand.scale * hand.measures.fleshWidth,
      last.lengthMm + beyond * hand.scale,
    ]);
  return [...up, tip(-4.6, 0.6 * TIP_MM), tip(0, TIP_MM), tip(4.6, 0.6 * TIP_MM), ...down];
}

/** Points beside a bone, towards the little finger (-1) or the thumb (1), in the order of their shares going in. */
function sideOf(
  { scale, measures }: Hand,
  { frame, lengthMm }: LongBone,
  side: -1 | 1,
  places: readonly (readonly [share: number, halfWidth: number])[],
): Point[] {
  return places.map(([share, half]) =>
    transformPoint(frame, [side * half * scale * measures.fleshWidth, share * lengthMm]),
  );
}

function webBetween({ digits }: Hand, digit: Digit, next: Digit): Point {
  const [from, to] = [digits[digit][1], digits[next][1]].map((bone) => {
    const { frame, lengthMm } = bone as LongBone;
    return transformPoint(frame, [0, 0.38 * lengthMm]);
  }) as [Point, Point];
  return [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
}

/** The fold between thumb and index finger. */
function thumbWeb({ index, thumb }: Hand['digits']): Point {
  const [metacarpal, proximal] = [index[0] as LongBone, thumb[1] as LongBone];
  const inner = transformPoint(metacarpal.frame, [0, 0.62 * metacarpal.lengthMm]);
  const outer = transformPoint(proximal.frame, [0, 0]);
  return [(inner[0] + outer[0]) / 2, (inner[1] + outer[1]) / 2];
}
