import type { Point } from '../../../core/data/dataset.ts';
import { type Affine, chain, transformPoint } from '../../../core/data/geometry.ts';
import { Outline, smoothRing } from '../phantom/outlines.ts';
import type { Raster } from '../phantom/raster.ts';
import { Shell, type Station } from '../phantom/shells.ts';
import type { Hand, LongBone } from './anatomy.ts';
import { closure, type Growth } from './growth.ts';

/** Half a border, from the middle of the lower end to that of the upper one: across, along; the bone's millimetres. */
type HalfBorder = readonly Point[];

/** When growth plates close, in years. */
const CLOSES_YEARS = { metacarpal: 16.2, phalanx: 16, tip: 15.4 } as const;

/** Adds the equivalent thickness of cortical bone of metacarpals and phalanges. */
export function addLongBones(raster: Raster, hand: Hand, placed: Affine): void {
  for (const bone of Object.values(hand.digits).flat()) addLongBone(raster, hand, bone, placed);
}

function addLongBone(raster: Raster, { growth, measures }: Hand, bone: LongBone, placed: Affine): void {
  const frame = chain(bone.frame, placed);
  const closed = closure(growth, CLOSES_YEARS[bone.kind]);
  const add = (border: HalfBorder, stations: readonly Station[], share: number): void => {
    const ring = smoothRing(bothSides(border).map((point) => transformPoint(frame, point)));
    const [, b, c, , e, f] = frame;
    new Shell(new Outline(ring), [c, f], [b, e], stations).addTo(raster, share * measures.density);
  };
  const stations = stationsOf(bone);
  if (closed > 0) add([...wholeBase(bone), ...shaft(bone), ...wholeHead(bone)], stations, closed);
  if (closed === 1) return;
  const { epiphysis, rest } = hasPlateAtHead(bone) ? splitHead(bone, growth) : splitBase(bone, growth);
  add(rest, stations, 1 - closed);
  add(epiphysis, epiphysisStations(bone, growth), 1 - closed);
}

/** Those of the fingers' metacarpals lie at the head; all others at the base. */
function hasPlateAtHead({ kind, digit }: LongBone): boolean {
  return kind === 'metacarpal' && digit !== 'thumb';
}

function bothSides(border: HalfBorder): Point[] {
  const mirrored = border.slice(1, -1).map(([across, along]): Point => [-across, along]);
  return [...border, ...mirrored.reverse()];
}

/** A shallow cup, or the flat foot of a metacarpal. */
function wholeBase({ kind, widths: { base } }: LongBone): HalfBorder {
  const cup = kind === 'metacarpal' ? 0.05 : 0.14;
  return [
    [0, cup * base],
    [0.55 * base, 0.02 * base],
    [0.92 * base, 0.16 * base],
    [base, 0.42 * base],
    [0.93 * base, 0.8 * base],
  ];
}

function shaft({ kind, lengthMm, widths: { base, waist, head } }: LongBone): HalfBorder {
  const at = (across: number, share: number): Point => [across, share * lengthMm];
  if (kind === 'tip') {
    return [at(0.45 * base + 0.55 * waist, 0.34), at(1.02 * waist, 0.52), at(waist, 0.66)];
  }
  const flare = kind === 'metacarpal' ? 0.45 : 0.25;
  return [
    at(0.6 * base + 0.4 * waist, 0.26),
    at(1.04 * waist, 0.42),
    at(waist, 0.58),
    at((1 - flare) * waist + flare * head, 0.75),
  ];
}

/** A round knuckle, a pulley of two condyles, or the tuft of a fingertip. */
function wholeHead({ kind, lengthMm, widths: { head } }: LongBone): HalfBorder {
  const at = (across: number, below: number): Point => [across * head, lengthMm - below * head];
  if (kind === 'metacarpal') {
    return [at(0.86, 1.5), at(1, 0.95), at(0.9, 0.4), at(0.52, 0.06), at(0, 0)];
  }
  if (kind === 'tip') return [at(0.84, 1), at(1, 0.62), at(0.82, 0.22), at(0.4, 0), at(0, 0)];
  return [at(0.9, 1.1), at(1, 0.62), at(0.88, 0.16), at(0.5, 0), at(0, 0.14)];
}

interface Split {
  readonly epiphysis: HalfBorder;
  readonly rest: HalfBorder;
}

/** A disc on the base, and a bone that starts above the growth plate. */
function splitBase(bone: LongBone, growth: Growth): Split {
  const { base } = bone.widths;
  const full = 0.62 * base;
  const height = full * growth.epiphysisHeight;
  const start = full + growth.plateMm / 2;
  const [bottom, top] = [full - growth.plateMm / 2 - height, full - growth.plateMm / 2];
  const width = base * growth.epiphysisWidth;
  return {
    epiphysis: [
      [0, bottom + 0.16 * height],
      [0.55 * width, bottom + 0.02 * height],
      [0.92 * width, bottom + 0.3 * height],
      [0.96 * width, bottom + 0.62 * height],
      [0.75 * width, bottom + 0.92 * height],
      [0, top],
    ],
    rest: [
      [0, start],
      [0.6 * base, start],
      [0.9 * base, start + 0.06 * base],
      [0.94 * base, start + 0.3 * base],
      [0.86 * base, start + 0.65 * base],
      ...shaft(bone),
      ...wholeHead(bone),
    ],
  };
}

/** A cap on the head, and a bone that ends below the growth plate. */
function splitHead(bone: LongBone, growth: Growth): Split {
  const { lengthMm, widths } = bone;
  const { head } = widths;
  const full = 1.25 * head;
  const height = full * growth.epiphysisHeight;
  const plate = lengthMm - full;
  const [bottom, end] = [plate + growth.plateMm / 2, plate - growth.plateMm / 2];
  const width = head * Math.min(1, growth.epiphysisWidth);
  return {
    epiphysis: [
      [0, bottom],
      [0.72 * width, bottom + 0.02 * height],
      [0.97 * width, bottom + 0.22 * height],
      [width, bottom + 0.48 * height],
      [0.86 * width, bottom + 0.78 * height],
      [0.48 * width, bottom + 0.97 * height],
      [0, bottom + height],
    ],
    rest: [
      ...wholeBase(bone),
      ...shaft(bone),
      [0.86 * head, end - 0.3 * head],
      [0.9 * head, end - 0.06 * head],
      [0.6 * head, end],
      [0, end],
    ],
  };
}

/** Thin-walled and spongy at the ends, a thick-walled tube between. */
function stationsOf({ lengthMm, widths: { base, waist, head } }: LongBone): Station[] {
  const thin = 0.11 * waist;
  return [
    { along: 0, rounding: 0.45 * base, depth: 0.72 * base, wall: thin, core: 0.36 },
    { along: 0.18 * lengthMm, rounding: 0.8 * base, depth: 0.75 * base, wall: 1.5 * thin, core: 0.26 },
    { along: 0.38 * lengthMm, rounding: waist, depth: 0.92 * waist, wall: 0.36 * waist, core: 0.12 },
    { along: 0.6 * lengthMm, rounding: waist, depth: 0.92 * waist, wall: 0.4 * waist, core: 0.1 },
    { along: 0.82 * lengthMm, rounding: 0.85 * head, depth: 0.82 * head, wall: 1.5 * thin, core: 0.26 },
    { along: lengthMm, rounding: 0.5 * head, depth: 0.82 * head, wall: thin, core: 0.34 },
  ];
}

function epiphysisStations(bone: LongBone, growth: Growth): Station[] {
  const { base, waist, head } = bone.widths;
  const wide = hasPlateAtHead(bone) ? head : base;
  const depth = 0.75 * wide * growth.epiphysisWidth;
  return [{ along: 0, rounding: 0.22 * wide, depth, wall: 0.11 * waist, core: 0.4 }];
}
