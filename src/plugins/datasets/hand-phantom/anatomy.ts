import type { Point } from '../../../core/data/dataset.ts';
import { type Affine, chain, transformPoint } from '../../../core/data/geometry.ts';
import type { Random } from '../../../core/random.ts';
import { cutNormal, drawFromLaws } from '../phantom/factor-model.ts';
import { turnAbout } from '../phantom/raster.ts';
import { type Growth, grow } from './growth.ts';
import {
  BONE_WIDTHS,
  type BoneName,
  DIGIT_BONES,
  DIGITS,
  type Digit,
  FACTORS,
  isPlausible,
  LAWS,
  METACARPAL_BASES,
  METACARPAL_MM,
  type Measures,
  type Widths,
} from './proportions.ts';

/** A bone of a finger, or a metacarpal. */
export interface LongBone {
  readonly name: BoneName;
  readonly digit: Digit;
  readonly kind: 'metacarpal' | 'phalanx' | 'tip';
  /** The bone's own frame to the hand's: x across it, towards the thumb; y along it, from 0 at its base. */
  readonly frame: Affine;
  readonly lengthMm: number;
  readonly widths: Widths;
}

/**
 * A hand, in its own millimetres: x towards the thumb, y downwards, the base of the middle metacarpal at the origin
 * and that bone straight up.
 */
export interface Hand {
  readonly growth: Growth;
  readonly measures: Measures;
  /** Scales all that is given in millimetres of a grown-up man. */
  readonly scale: number;
  /** Wrist first. */
  readonly digits: Readonly<Record<Digit, readonly LongBone[]>>;
  /** Where a grown-up man's wrist bones of the row next to the metacarpals, of the other row, and the forearm go. */
  readonly wrist: { readonly distalRow: Affine; readonly proximalRow: Affine; readonly forearm: Affine };
}

/** Half of what lies between the bones of a grown-up man's joint. */
const HALF_JOINT_MM = 0.75;

/** The wrist bends about the head of the capitate. */
const WRIST_CENTRE: Point = [-0.5, 21];

/** How much smaller women's hands are. */
const WOMENS_SIZE = 0.93;

/** @param ages the youngest and the oldest, in years. @param spread scales every deviation; 0 gives the mean hand. */
export function drawHand(random: Random, ages: readonly [number, number], spread: number): Hand {
  const share = Math.min(spread, 1);
  const [youngest, oldest] = ages;
  const middle = (youngest + oldest) / 2;
  const age = middle + share * (random.uniform(youngest, oldest) - middle);
  const female = 0.5 + share * (random.chance(0.5) ? 0.5 : -0.5);
  const growth = grow(age, female, random, spread);
  const measures = drawFromLaws(random, spread, FACTORS, LAWS, isPlausible);
  const size = (1 + female * (WOMENS_SIZE - 1)) * (1 + 0.04 * spread * cutNormal(random));
  const scale = size * growth.lengthShare;
  const digits = Object.fromEntries(
    DIGITS.map((digit) => [digit, digitOf(digit, growth, measures, scale)]),
  ) as unknown as Hand['digits'];
  const bend = (share: number): Affine =>
    chain(turnAbout(WRIST_CENTRE, share * measures.wristAngle), [scale, 0, 0, 0, scale, 0]);
  return {
    growth,
    measures,
    scale,
    digits,
    wrist: { distalRow: bend(0), proximalRow: bend(0.5), forearm: bend(1) },
  };
}

/** A chain of bones from joint to joint; half of each joint's space is taken off either bone. */
function digitOf(digit: Digit, growth: Growth, measures: Measures, scale: number): LongBone[] {
  const [across, along] = METACARPAL_BASES[digit];
  const unit = METACARPAL_MM * scale;
  const halfJoint = HALF_JOINT_MM * scale + growth.cartilageMm / 2;
  let joint: Point = [across * unit, -along * unit];
  let degrees = 0;
  return DIGIT_BONES[digit].map((name, i): LongBone => {
    degrees += measures[`${name}Angle`];
    const span = measures[name] * unit;
    const isTip = i === DIGIT_BONES[digit].length - 1;
    const start = i === 0 ? 0 : halfJoint;
    const frame = frameAt(joint, degrees);
    const bone: LongBone = {
      name,
      digit,
      kind: i === 0 ? 'metacarpal' : isTip ? 'tip' : 'phalanx',
      frame: chain([1, 0, 0, 0, 1, start], frame),
      lengthMm: span - start - (isTip ? 0 : halfJoint),
      widths: widthsOf(name, growth, measures, scale),
    };
    joint = transformPoint(frame, [0, span]);
    return bone;
  });
}

function widthsOf(name: BoneName, growth: Growth, { boneWidth }: Measures, scale: number): Widths {
  const { base, waist, head } = BONE_WIDTHS[name];
  const factor = scale * boneWidth * growth.boneWidth;
  return { base: base * factor, waist: waist * factor, head: head * factor };
}

/** From coordinates across and along a bone that points `degrees` from straight up towards the thumb. */
function frameAt([x, y]: Point, degrees: number): Affine {
  const radians = (degrees * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(radians), Math.sin(radians)];
  return [cosine, sine, x, sine, -cosine, y];
}
