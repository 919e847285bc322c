import type { Point } from '../../../core/data/dataset.ts';
import { furthest } from '../phantom/outlines.ts';
import { LEFT, RIGHT, type Side } from '../phantom/sides.ts';
import { headCentre, trochanters } from './femurs.ts';
import {
  foramenBorder,
  hipBorder,
  JOINT_END,
  roofEdge,
  SPINE,
  SYMPHYSIS_BOTTOM,
  SYMPHYSIS_TOP,
  TEARDROP_TIP,
} from './hip-bones.ts';
import { locate, locateSacrum, type Pelvis, type Place } from './shape-model.ts';
import { PROMONTORY } from './spine.ts';

const PAIRED = [
  'iliac crest top',
  'anterior superior iliac spine',
  'acetabular roof edge',
  'femoral head centre',
  'greater trochanter tip',
  'lesser trochanter tip',
  'teardrop tip',
  'ischial tuberosity lowest point',
  'obturator foramen centre',
  'sacroiliac joint lower end',
] as const;

const MIDLINE = ['sacral promontory', 'symphysis upper end', 'symphysis lower end'] as const;

/** Those of the right side, of the left side, and of the midline. */
export const LANDMARK_NAMES: readonly string[] = [
  ...PAIRED.map((name) => `right ${name}`),
  ...PAIRED.map((name) => `left ${name}`),
  ...MIDLINE,
];

export const MIRROR_PAIRS = PAIRED.map((_, i) => [i, i + PAIRED.length] as const);

/** Round a hip bone and along the femur, by the order of the paired landmarks. */
const HALF_EDGES: readonly (readonly [number, number])[] = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 4],
  [3, 5],
  [4, 5],
  [3, 6],
  [6, 8],
  [8, 7],
  [6, 9],
  [9, 0],
];

/** From the midline to either side. */
const CROSS_EDGES: readonly (readonly [number, number])[] = [
  [20, 9],
  [20, 19],
  [20, 21],
  [21, 22],
  [21, 6],
  [21, 16],
  [22, 7],
  [22, 17],
];

/** Round each hip bone, along each femur, and across the pelvis. */
export const EDGES: readonly (readonly [number, number])[] = [
  ...[0, PAIRED.length].flatMap((first) =>
    HALF_EDGES.map(([from, to]): [number, number] => [first + from, first + to]),
  ),
  ...CROSS_EDGES,
];

/** In patient millimetres. */
export function pelvisLandmarks(pelvis: Pelvis): Point[] {
  const middle = (place: Place): Point => {
    const [right, left] = [locate(pelvis, RIGHT, place), locate(pelvis, LEFT, place)];
    return [(right[0] + left[0]) / 2, (right[1] + left[1]) / 2];
  };
  return [
    ...sideLandmarks(pelvis, RIGHT),
    ...sideLandmarks(pelvis, LEFT),
    locateSacrum(pelvis, LEFT, PROMONTORY),
    middle(SYMPHYSIS_TOP),
    middle(SYMPHYSIS_BOTTOM),
  ];
}

function sideLandmarks(pelvis: Pelvis, side: Side): Point[] {
  const border = hipBorder(pelvis, side);
  const foramen = foramenBorder(pelvis, side);
  const { greater, lesser } = trochanters(pelvis, side);
  const centre = foramen.reduce(
    ([sumX, sumY], [x, y]): Point => [sumX + x / foramen.length, sumY + y / foramen.length],
    [0, 0],
  );
  return [
    furthest(border, [0, -1]),
    locate(pelvis, side, SPINE),
    roofEdge(pelvis, side),
    headCentre(pelvis, side),
    greater,
    lesser,
    locate(pelvis, side, TEARDROP_TIP),
    furthest(border, [0, 1]),
    centre,
    locate(pelvis, side, JOINT_END),
  ];
}
