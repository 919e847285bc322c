import type { Point } from '../../../core/data/dataset.ts';
import type { Random } from '../../../core/random.ts';
import { Profile } from '../phantom/curves.ts';
import { LEFT, RIGHT } from '../phantom/sides.ts';
import { type LungOutline, outlineLung } from './lung-outline.ts';
import { type ChestShape, drawShape } from './shape-model.ts';

/** All that a film of one patient needs; lengths in millimetres. */
export interface Anatomy {
  readonly shape: ChestShape;
  /** x of the spine by y. */
  readonly midline: Profile;
  readonly lungs: readonly [right: LungOutline, left: LungOutline];
  /** Shift of what lies in front (sternum, clavicles) against the spine, by the patient's turn. */
  readonly anteriorShift: number;
  /** Front to back, of the whole chest. */
  readonly chestDepth: number;
  readonly lungDepth: number;
  /** Between the ribs and the skin at the side of the chest. */
  readonly softTissue: number;
  /** Scales every thickness of bone. */
  readonly boneDensity: number;
  /** Share of fat in the soft tissue. */
  readonly fatShare: number;
  /** Scales bones and vessels across: 1 for the average adult. */
  readonly build: number;
  /** Angle of the upper arms from straight down, in radians. */
  readonly armAngle: readonly [right: number, left: number];
  /** Level of the shoulder joints below the apices. */
  readonly shoulderDrop: number;
  readonly shoulderOffset: number;
  /** Half the width of the neck. */
  readonly neckRadius: number;
  /** Front to back of the breasts; 0 where they do not show. */
  readonly breastDepth: number;
  /** Downward slope of the ribs' planes: the tangent of their tilt. */
  readonly ribSlope: number;
  /** From one thoracic vertebra to the next. */
  readonly vertebraSpacing: number;
  /** Level of the clavicles' inner ends below the apices. */
  readonly clavicleDrop: number;
  /** Lower tip of the scapulae from the midline. */
  readonly scapulaOffset: number;
  /** How much the vessels stand out. */
  readonly vascularity: number;
}

/** Draws a patient: the landmarks' shape first, so that it depends on nothing else. */
export function drawAnatomy(random: Random, spread: number): Anatomy {
  const shape = drawShape(random, spread);
  const vary = (mean: number, deviation: number): number => random.normal(mean, deviation * spread);
  const build = (shape.baseHalfWidth / 135) ** 0.6;
  const midline = midlineOf(shape, vary(0, 3));
  const arms = vary(0.42, 0.18);
  return {
    shape,
    midline,
    lungs: [
      outlineLung(shape, RIGHT, midline, random, spread),
      outlineLung(shape, LEFT, midline, random, spread),
    ],
    anteriorShift: vary(0.4 * shape.baseCentre, 3),
    chestDepth: Math.max(150, vary(205, 20) * build),
    lungDepth: Math.max(100, vary(145, 12) * build),
    softTissue: Math.max(8, vary(24, 8)),
    boneDensity: Math.max(0.55, vary(1, 0.16)),
    fatShare: Math.min(0.6, Math.max(0, vary(0.2, 0.12))),
    build,
    armAngle: [Math.max(0.1, arms + vary(0, 0.08)), Math.max(0.1, arms + vary(0, 0.08))],
    shoulderDrop: vary(38, 12),
    shoulderOffset: Math.max(120, vary(168, 8) * build),
    neckRadius: Math.max(40, vary(56, 5) * build),
    breastDepth: random.chance(0.4) ? Math.max(10, vary(38, 12)) : 0,
    ribSlope: Math.max(0.25, vary(0.6, 0.08)),
    vertebraSpacing: (shape.lungHeight - (shape.riseRight + shape.riseLeft) / 2 + 6) / vary(9.3, 0.5),
    clavicleDrop: vary(36, 9),
    scapulaOffset: shape.baseHalfWidth + vary(4, 8),
    vascularity: Math.max(0.6, vary(1.5, 0.35)),
  };
}

/** The spine leans with the bases, and bends a little to one side. */
function midlineOf(shape: ChestShape, bend: number): Profile {
  return new Profile(-60, 460, (y) => {
    const level = (y - shape.apexY) / shape.lungHeight;
    return shape.midline + 0.5 * shape.baseCentre * level + bend * Math.sin(Math.PI * level);
  });
}

/** The six landmarks, in patient millimetres and in the order of the dataset. */
export function landmarksOf({ lungs, midline }: Anatomy): Point[] {
  return lungs.flatMap((lung) =>
    [lung.apex, lung.costophrenic, lung.cardiophrenic].map(
      ({ offset, y }): Point => [midline.at(y) + lung.side * offset, y],
    ),
  );
}
