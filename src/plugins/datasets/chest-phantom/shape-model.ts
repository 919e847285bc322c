import type { Random } from '../../../core/random.ts';
import { drawFromLaws, type Law } from '../phantom/factor-model.ts';

/**
 * The shape that carries the landmarks, in millimetres of the patient's coordinates (before the film's roll). Right
 * and left are the patient's; `Offset` is a distance from the midline, outwards.
 */
export interface ChestShape {
  /** x of the midline at the level of the apices. */
  readonly midline: number;
  readonly apexY: number;
  /** How much lower the left apex lies. */
  readonly apexTilt: number;
  readonly apexOffset: number;
  /** From the apices down to the costophrenic angles. */
  readonly lungHeight: number;
  /** How much lower the left costophrenic angle lies. */
  readonly baseTilt: number;
  /** Half the distance between the costophrenic angles. */
  readonly baseHalfWidth: number;
  /** Middle of the costophrenic angles, from the midline, towards the left. */
  readonly baseCentre: number;
  readonly heartRightOffset: number;
  readonly heartLeftOffset: number;
  /** Costophrenic angle up to cardiophrenic angle. */
  readonly riseRight: number;
  readonly riseLeft: number;
}

/** The square that a film shows; the patient's coordinates are millimetres in it. */
export const FIELD_OF_VIEW_MM = 400;

/**
 * What moves several lengths at once. `size`: body size and habitus. `inspiration`: its depth makes longer lungs and
 * deeper angles. `turn`: of the patient about the vertical axis, left shoulder forward; the heart moves to the left.
 */
const FACTORS = ['size', 'inspiration', 'turn'] as const;

/**
 * A factor model at a field of view of 400 mm. Means, deviations and the larger correlations are set from those of the
 * six landmarks on the 160 training films of the Shenzhen set (labels of Zhu et al. 2021), whose true scale is unknown;
 * the split into factors is ours.
 */
const LAWS: Readonly<Record<keyof ChestShape, Law<(typeof FACTORS)[number]>>> = {
  midline: { mean: 201.9, own: 9.5 },
  apexY: { mean: 54.5, inspiration: -4, own: 16.8 },
  apexTilt: { mean: -0.2, own: 5.5 },
  apexOffset: { mean: 46.3, size: 4.4, inspiration: 1.5, own: 5.3 },
  lungHeight: { mean: 248.4, size: 5, inspiration: 32, own: 9 },
  baseTilt: { mean: 2.5, own: 8.5 },
  baseHalfWidth: { mean: 135.4, size: 10.5, inspiration: 2, own: 8.7 },
  baseCentre: { mean: -3.3, turn: 4.5, own: 4 },
  heartRightOffset: { mean: 39.7, size: 3, turn: -6, own: 8 },
  heartLeftOffset: { mean: 83.6, size: 9.5, inspiration: -3, turn: 5, own: 13 },
  riseRight: { mean: 44.8, inspiration: 12, own: 9 },
  riseLeft: { mean: 32.6, inspiration: 8, own: 6 },
};

/** Draws a shape; `spread` scales every deviation (0: the mean chest). Implausible draws are drawn again. */
export function drawShape(random: Random, spread: number): ChestShape {
  return drawFromLaws(random, spread, FACTORS, LAWS, isPlausible);
}

function isPlausible(shape: ChestShape): boolean {
  const baseRight = shape.baseHalfWidth - shape.baseCentre;
  const baseLeft = shape.baseHalfWidth + shape.baseCentre;
  const lowest = shape.apexY + shape.lungHeight + Math.abs(shape.baseTilt) / 2;
  return (
    shape.apexY > 12 &&
    lowest < 386 &&
    shape.lungHeight > 150 &&
    shape.riseRight > 14 &&
    shape.riseRight < 0.3 * shape.lungHeight &&
    shape.riseLeft > 10 &&
    shape.riseLeft < 0.25 * shape.lungHeight &&
    shape.heartRightOffset > 18 &&
    shape.heartRightOffset < baseRight - 45 &&
    shape.heartLeftOffset > 42 &&
    shape.heartLeftOffset < baseLeft - 14 &&
    shape.midline - baseRight > 12 &&
    shape.midline + baseLeft < FIELD_OF_VIEW_MM - 12
  );
}
