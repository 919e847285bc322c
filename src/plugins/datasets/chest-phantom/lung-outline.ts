import type { Random } from '../../../core/random.ts';
import { Profile, throughKnots } from '../phantom/curves.ts';
import type { Side } from '../phantom/sides.ts';
import type { ChestShape } from './shape-model.ts';

/** A place by its level and its distance from the midline, outwards; millimetres. */
export interface Place {
  readonly offset: number;
  readonly y: number;
}

/** One lung as a film shows it: three borders that meet in the three landmarks. */
export interface LungOutline {
  readonly side: Side;
  readonly apex: Place;
  readonly costophrenic: Place;
  readonly cardiophrenic: Place;
  /** Offset of the chest wall by y: from the apex to the costophrenic angle and on downwards. */
  readonly wall: Profile;
  /** Offset of the mediastinum and the heart by y: from the apex to the cardiophrenic angle. */
  readonly medial: Profile;
  /** y of the diaphragm by offset. */
  readonly dome: Profile;
}

export function outlineLung(
  shape: ChestShape,
  side: Side,
  midline: Profile,
  random: Random,
  spread: number,
): LungOutline {
  const apexY = shape.apexY + (side * shape.apexTilt) / 2;
  const baseY = shape.apexY + shape.lungHeight + (side * shape.baseTilt) / 2;
  const rise = side < 0 ? shape.riseRight : shape.riseLeft;
  const heart = side < 0 ? shape.heartRightOffset : shape.heartLeftOffset;
  const fromMidline = (x: number, y: number): number => side * (x - midline.at(y));
  const apex = { offset: shape.apexOffset, y: apexY };
  const costophrenic = {
    offset: fromMidline(shape.midline + shape.baseCentre + side * shape.baseHalfWidth, baseY),
    y: baseY,
  };
  const cardiophrenic = { offset: fromMidline(shape.midline + side * heart, baseY - rise), y: baseY - rise };
  return {
    side,
    apex,
    costophrenic,
    cardiophrenic,
    wall: wallProfile(apex, costophrenic, random.normal(0.82, 0.09 * spread)),
    medial: medialProfile(apex, cardiophrenic, side, random, spread),
    dome: domeProfile(costophrenic, cardiophrenic, random.normal(0.92, 0.09 * spread)),
  };
}

/** Between a quarter ellipse (`roundness` 1) and a cone (0); below the angle the chest wall runs on, slowly inwards. */
function wallProfile(apex: Place, base: Place, roundness: number): Profile {
  return new Profile(-60, 460, (y) => {
    const down = Math.max(0, (y - apex.y) / (base.y - apex.y));
    if (down > 1) return base.offset - 12 * (down - 1) * (1 + 4 * (down - 1));
    const ellipse = Math.sqrt(1 - (1 - down) ** 2.1);
    return apex.offset + (base.offset - apex.offset) * (roundness * ellipse + (1 - roundness) * down);
  });
}

/**
 * Down the mediastinum. Right: dome of the lung, superior vena cava, right atrium. Left: dome, subclavian artery,
 * aortic knob, pulmonary trunk, left ventricle.
 */
function medialProfile(apex: Place, heart: Place, side: Side, random: Random, spread: number): Profile {
  const vary = (mean: number, deviation: number): number => random.normal(mean, deviation * spread);
  const vessels = Math.max(12, vary(side < 0 ? 21 : 22, 3));
  const belly = vary(1, 0.05);
  const knob = Math.max(2, vary(12, 4));
  const height = heart.y - apex.y;
  const at = (down: number, offset: number): [number, number] => [apex.y + down * height, offset];
  const lower = (share: number): number => vessels + share * (heart.offset - vessels);
  const knots =
    side < 0
      ? [
          at(0.3, vessels),
          at(0.46, vessels + 2),
          at(0.6, lower(0.42)),
          at(0.78, lower(0.96 * belly)),
          at(1, heart.offset),
        ]
      : [
          at(0.22, vessels),
          at(0.3, vessels + knob),
          at(0.37, vessels + 0.75 * knob),
          at(0.43, vessels + 0.35 * knob),
          at(0.52, Math.max(vessels + 0.5 * knob, lower(0.2))),
          at(0.66, lower(0.5)),
          at(0.8, lower(0.8 * belly)),
          at(0.93, lower(0.96 * belly)),
          at(1, heart.offset),
        ];
  const border = throughKnots(knots as [number, number][]);
  const domeHeight = 0.22 * height;
  return new Profile(-60, 460, (y) => {
    const down = Math.min(Math.max((y - apex.y) / domeHeight, 0), 1);
    const domed = Math.sqrt(1 - (1 - down) ** 2);
    return apex.offset + (border(y) - apex.offset) * domed;
  });
}

/** A parabola-like arch whose top lies at `summit` of the way from the wall to the heart. */
function domeProfile(base: Place, heart: Place, summit: number): Profile {
  const arch = (way: number): number => 1 - Math.abs(1 - way / summit) ** 2.2;
  return new Profile(0, 240, (offset) => {
    const way = (base.offset - offset) / (base.offset - heart.offset);
    if (way < 0) return base.y;
    const medial = Math.min(way, 1);
    return base.y - ((base.y - heart.y) * arch(medial)) / arch(1) + 6 * Math.max(0, way - 1);
  });
}
