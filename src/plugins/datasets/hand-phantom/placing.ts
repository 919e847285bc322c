import { type Affine, chain, transformPoint } from '../../../core/data/geometry.ts';
import type { Random } from '../../../core/random.ts';
import { cutNormal } from '../phantom/factor-model.ts';
import { turnAbout } from '../phantom/raster.ts';
import type { Hand } from './anatomy.ts';
import { handLandmarks } from './landmarks.ts';

/** A hand on its film. */
export interface PlacedHand {
  readonly hand: Hand;
  /** Hand millimetres to millimetres from the film's top left corner. */
  readonly placed: Affine;
  readonly fieldOfViewMm: number;
}

/** Standard deviation of the hand's turn on the film. */
const ROLL_DEGREES = 5.5;

/** The film's side over the longer side of the box around the landmarks: mean, and the most that it varies. */
const FIELD = { mean: 1.23, most: 0.1 } as const;

/** How much of the spare room lies left of the landmarks' box, and above it; the forearm takes the room below. */
const LEFT_SHARE = { mean: 0.5, most: 0.2 } as const;
const ABOVE_SHARE = { mean: 0.36, most: 0.14 } as const;

/** The field is collimated to the hand, so that all landmarks lie inside. */
export function placeHand(hand: Hand, isRight: boolean, random: Random, spread: number): PlacedHand {
  const vary = ({ mean, most }: { mean: number; most: number }): number =>
    mean + most * spread * random.uniform(-1, 1);
  const degrees = ROLL_DEGREES * spread * cutNormal(random);
  const turned = turnAbout([0, 0], degrees);
  const points = handLandmarks(hand).map((point) => transformPoint(turned, point));
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const fieldOfViewMm = Math.max(right - left, bottom - top) * vary(FIELD);
  const shiftX = (fieldOfViewMm - (right - left)) * vary(LEFT_SHARE) - left;
  const shiftY = (fieldOfViewMm - (bottom - top)) * vary(ABOVE_SHARE) - top;
  const upright = chain(turned, [1, 0, shiftX, 0, 1, shiftY]);
  const placed = isRight ? chain(upright, [-1, 0, fieldOfViewMm, 0, 1, 0]) : upright;
  return { hand, placed, fieldOfViewMm };
}
