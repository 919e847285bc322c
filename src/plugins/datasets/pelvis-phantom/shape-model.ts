import type { Point } from '../../../core/data/dataset.ts';
import type { Random } from '../../../core/random.ts';
import { cutNormal, drawFromLaws, type Law } from '../phantom/factor-model.ts';
import type { Side } from '../phantom/sides.ts';

/** The square that a film shows; the patient's coordinates are millimetres in it. */
export const FIELD_OF_VIEW_MM = 430;

/**
 * A place of the mean adult pelvis: millimetres from the middle between the femoral heads, enlarged as on film; outwards
 * from the midline, downwards, and towards the front.
 */
export type Place = readonly [out: number, down: number, front: number];

/** What moves several measures at once. `size`: of the body. `female`: a wide, low pelvis. `build`: stout bones. */
const FACTORS = ['size', 'female', 'build', 'fat'] as const;

/** Means and deviations are estimates from the literature on pelvimetry, rounded; the factors are ours. */
const LAWS = {
  /** Scales everything. */
  size: { mean: 1, size: 0.04, female: -0.015, own: 0.012 },
  /** Half the distance of the femoral heads' centres, in millimetres. */
  headOffset: { mean: 95, female: 2.6, own: 2.6 },
  /** Of the ilium above the femoral head, over the mean's. */
  iliacHeight: { mean: 1, female: -0.02, own: 0.03 },
  iliacHeightLeft: { mean: 0, own: 0.012 },
  /** Of the ilium outside the femoral head. */
  iliacWidth: { mean: 1, female: 0.01, own: 0.07 },
  ischialHeight: { mean: 1, female: -0.025, own: 0.035 },
  /** Outwards shift of the ischial tuberosities, in millimetres: the subpubic angle. */
  tuberositySpread: { mean: 0, female: 4, own: 3 },
  /** Radius of the femoral head, in millimetres. */
  headRadius: { mean: 26, female: -1, build: 0.8, own: 0.6 },
  /** How far the roof of the socket covers the head (Wiberg's centre-edge angle), in degrees. */
  centreEdgeRight: { mean: 33, own: 5 },
  centreEdgeLeft: { mean: 33, own: 5 },
  /** Of the femoral neck over the mean's. */
  neckLength: { mean: 1, female: -0.02, own: 0.06 },
  sacrumWidth: { mean: 1, female: 0.025, own: 0.04 },
  sacrumHeight: { mean: 1, female: -0.02, own: 0.05 },
  /** Downwards shift of the sacrum, in millimetres. */
  sacrumDrop: { mean: 0, own: 4 },
  boneDensity: { mean: 1, build: 0.08, own: 0.1 },
  /** Beside the greater trochanters, in millimetres. */
  hipFlesh: { mean: 34, fat: 13, own: 4 },
  trunkDepth: { mean: 215, fat: 26, own: 8 },
  fatShare: { mean: 0.32, fat: 0.1, own: 0.04 },
} as const satisfies Record<string, Law<(typeof FACTORS)[number]>>;

export type PelvisShape = Record<keyof typeof LAWS, number>;

/** How the patient lies; angles in degrees. */
export interface Posture {
  /** The middle between the femoral heads, in patient millimetres. */
  readonly centre: Point;
  /** The pelvis' upper end forward. */
  readonly tilt: number;
  /** About the long axis, the left side forward. */
  readonly turn: number;
  /** Of each leg outwards. */
  readonly abduction: readonly [right: number, left: number];
}

export interface Pelvis {
  readonly shape: PelvisShape;
  readonly posture: Posture;
}

/** @param poseSpread scales the deviations of the posture. */
export function drawPelvis(random: Random, spread: number, poseSpread: number): Pelvis {
  const shape = drawFromLaws(random, spread, FACTORS, LAWS, isPlausible);
  const vary = (mean: number, deviation: number): number => mean + poseSpread * deviation * cutNormal(random);
  const posture: Posture = {
    centre: [vary(0.5 * FIELD_OF_VIEW_MM, 10), vary(0.55 * FIELD_OF_VIEW_MM, 10)],
    tilt: vary(0, 5),
    turn: vary(0, 2.5),
    abduction: [vary(1, 4), vary(1, 4)],
  };
  return { shape, posture };
}

function isPlausible(shape: PelvisShape): boolean {
  return (
    Math.min(shape.centreEdgeLeft, shape.centreEdgeRight) > 20 &&
    Math.max(shape.centreEdgeLeft, shape.centreEdgeRight) < 46 &&
    shape.hipFlesh > 12 &&
    shape.trunkDepth > 150 &&
    shape.boneDensity > 0.6 &&
    shape.fatShare > 0.05
  );
}

const MEAN_HEAD_OFFSET = LAWS.headOffset.mean;
const TUBEROSITY_DOWN = 65;

/** A place of a hip bone on the film, in patient millimetres. */
export function locate(pelvis: Pelvis, side: Side, [out, down, front]: Place): Point {
  const { shape } = pelvis;
  const beyond = Math.max(0, out - MEAN_HEAD_OFFSET);
  const within = (Math.min(out, MEAN_HEAD_OFFSET) * shape.headOffset) / MEAN_HEAD_OFFSET;
  const below = Math.max(0, down - 25) / TUBEROSITY_DOWN;
  const spread = shape.tuberositySpread * below * Math.min(1, out / 40);
  const height = down < 0 ? shape.iliacHeight + (side * shape.iliacHeightLeft) / 2 : shape.ischialHeight;
  const x = within + beyond * (down < 0 ? shape.iliacWidth : 1) + spread;
  return onFilm(pelvis, side, [x, down * height, front]);
}

/** A place of the sacrum on the film. */
export function locateSacrum(pelvis: Pelvis, side: Side, [out, down, front]: Place): Point {
  const { sacrumWidth, sacrumHeight, sacrumDrop } = pelvis.shape;
  return onFilm(pelvis, side, [
    out * sacrumWidth,
    SACRUM_TOP + (down - SACRUM_TOP) * sacrumHeight + sacrumDrop,
    front,
  ]);
}

const SACRUM_TOP = -95;

/** Turns and tilts a place that has been shaped; perspective is left out. */
export function onFilm({ shape, posture }: Pelvis, side: Side, [out, down, front]: Place): Point {
  const [tilt, turn] = [(posture.tilt * Math.PI) / 180, (posture.turn * Math.PI) / 180];
  const x = side * out * Math.cos(turn) - front * Math.sin(turn);
  const y = down * Math.cos(tilt) + front * Math.sin(tilt);
  return [posture.centre[0] + shape.size * x, posture.centre[1] + shape.size * y];
}
