import type { Random } from '../../../core/random.ts';
import { smoothStep, throughKnots } from '../phantom/curves.ts';
import { cutNormal } from '../phantom/factor-model.ts';

/** How far a hand has grown. Values read off the plates of hand atlases by eye, in the years of an average boy. */
export interface Growth {
  /** Skeletal age on the scale of boys; girls are ahead. */
  readonly maturityYears: number;
  /** Length over that of the same person, grown up. */
  readonly lengthShare: number;
  /** Width of the epiphyses over that of the bones that they cap. */
  readonly epiphysisWidth: number;
  /** Height of the epiphyses over that of a grown-up's end of bone. */
  readonly epiphysisHeight: number;
  /** Width of the growth plates, in millimetres. */
  readonly plateMm: number;
  /** Cartilage that a film does not show makes joints look wide; millimetres more than a grown-up's. */
  readonly cartilageMm: number;
  /** 1: so wide in proportion to their length as a grown-up's bones. */
  readonly boneWidth: number;
}

/** How much earlier girls mature, at all ages here. */
const GIRLS_AHEAD_YEARS = 1.7;

const LENGTH = throughKnots([
  [3, 0.55],
  [6, 0.68],
  [9, 0.79],
  [12, 0.89],
  [14.5, 0.97],
  [17, 1],
]);
const EPIPHYSIS_WIDTH = throughKnots([
  [3, 0.45],
  [5, 0.62],
  [8, 0.83],
  [11, 0.97],
  [14, 1.03],
  [17, 1],
]);
const EPIPHYSIS_HEIGHT = throughKnots([
  [3, 0.4],
  [6, 0.66],
  [9, 0.84],
  [13, 1],
]);
const PLATE_MM = throughKnots([
  [3, 2],
  [8, 1.5],
  [12, 1.15],
  [14.5, 0.8],
  [17, 0.4],
]);
const CARTILAGE_MM = throughKnots([
  [3, 2.4],
  [7, 1.5],
  [11, 0.6],
  [15, 0],
]);

/** @param female 0 for a boy, 1 for a girl. @param spread scales how much skeletal age differs from age. */
export function grow(ageYears: number, female: number, random: Random, spread: number): Growth {
  const maturityYears = ageYears + female * GIRLS_AHEAD_YEARS + 0.8 * spread * cutNormal(random);
  return {
    maturityYears,
    lengthShare: LENGTH(maturityYears),
    epiphysisWidth: EPIPHYSIS_WIDTH(maturityYears),
    epiphysisHeight: EPIPHYSIS_HEIGHT(maturityYears),
    plateMm: PLATE_MM(maturityYears),
    cartilageMm: CARTILAGE_MM(maturityYears),
    boneWidth: 0.94 + 0.06 * smoothStep(8, 16, maturityYears),
  };
}

/** 0 while a growth plate is open, 1 when it has closed. */
export function closure({ maturityYears }: Growth, closesYears: number): number {
  return smoothStep(closesYears - 0.9, closesYears + 0.9, maturityYears);
}

/** How much of a wrist bone is bone: a share of its grown-up width. */
export function ossification({ maturityYears }: Growth, appearsYears: number): number {
  return 0.3 + 0.76 * Math.sqrt(smoothStep(appearsYears - 1.5, 14.5, maturityYears));
}
