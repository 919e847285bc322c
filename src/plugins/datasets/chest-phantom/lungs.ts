import { Profile, roundEdge, smoothStep } from '../phantom/curves.ts';
import { changeRows, type Raster } from '../phantom/raster.ts';
import type { Anatomy } from './anatomy.ts';
import type { LungOutline } from './lung-outline.ts';

/** How sharply the heart's and the mediastinum's borders show, in millimetres. */
const BORDER_BLUR_MM = 1.2;

/** Adds the thickness of air-filled lung along each ray, in millimetres. */
export function addLungs(thickness: Raster, anatomy: Anatomy): void {
  for (const lung of anatomy.lungs) addLung(thickness, anatomy, lung);
}

function addLung(thickness: Raster, { midline, lungDepth }: Anatomy, lung: LungOutline): void {
  const { side, apex, costophrenic } = lung;
  const distancesTo = borderDistances(lung, midline, thickness.size);
  const middle = midline.at(costophrenic.y);
  const box = {
    left: side < 0 ? middle - costophrenic.offset - 30 : middle - 20,
    right: side < 0 ? middle + 20 : middle + costophrenic.offset + 30,
    top: apex.y - 2,
    bottom: costophrenic.y + 45,
  };
  changeRows(thickness, box, ({ x, y, values }) => {
    const { offset, wall, heart, dome } = distancesTo(x, y);
    for (let i = 0; i < values.length; i++) {
      const outwards = offset[i] as number;
      const down = (y[i] as number) - apex.y;
      const fromWall = wall[i] as number;
      if (fromWall <= 0 || down <= 0 || outwards < -4) continue;
      const share =
        roundEdge(fromWall, 52) * besideHeart(heart[i] as number, outwards) * aboveDome(dome[i] as number);
      values[i] = (values[i] as number) + lungDepth * share * roundEdge(down, 36);
    }
  });
}

/** Offsets from the midline of some places, and their distances across the lung's borders, positive inside. */
interface BorderDistances {
  readonly offset: Float64Array;
  readonly wall: Float64Array;
  readonly heart: Float64Array;
  readonly dome: Float64Array;
}

/** The returned function answers for up to `most` places at once, in the same arrays every time. */
function borderDistances(
  { side, wall, medial, dome }: LungOutline,
  midline: Profile,
  most: number,
): (x: Float64Array, y: Float64Array) => BorderDistances {
  const line = (): Float64Array => new Float64Array(most);
  const at = { offset: line(), wall: line(), heart: line(), dome: line() };
  const cosine = { wall: line(), heart: line(), dome: line() };
  const obliqueness = { wall: obliquity(wall), heart: obliquity(medial), dome: obliquity(dome) };
  return (x, y) => {
    midline.readInto(at.offset, y);
    for (let i = 0; i < x.length; i++) at.offset[i] = side * ((x[i] as number) - (at.offset[i] as number));
    const offset = at.offset.subarray(0, x.length);
    wall.readInto(at.wall, y);
    medial.readInto(at.heart, y);
    dome.readInto(at.dome, offset);
    obliqueness.wall.readInto(cosine.wall, y);
    obliqueness.heart.readInto(cosine.heart, y);
    obliqueness.dome.readInto(cosine.dome, offset);
    for (let i = 0; i < x.length; i++) {
      const outwards = offset[i] as number;
      at.wall[i] = ((at.wall[i] as number) - outwards) * (cosine.wall[i] as number);
      at.heart[i] = (outwards - (at.heart[i] as number)) * (cosine.heart[i] as number);
      at.dome[i] = ((at.dome[i] as number) - (y[i] as number)) * (cosine.dome[i] as number);
    }
    return at;
  };
}

/** Cosine of a border's slope: turns a distance along x or y into one across the border. */
function obliquity(border: Profile): Profile {
  return new Profile(
    -60,
    460,
    (position) => 1 / Math.sqrt(1 + (border.at(position + 1) - border.at(position)) ** 2),
  );
}

/* Shares of the lung's depth by the distance from a border, tabulated: exponentials cost the most of a film. */
const BESIDE_HEART = new Profile(0, 150, (distance) => 1 - 0.4 * Math.exp(-distance / 14));
const BEHIND_HEART = new Profile(-250, 0, (distance) => 0.34 * Math.exp(distance / 40));
const ABOVE_DOME = new Profile(0, 250, (distance) => 1 - 0.5 * Math.exp(-distance / 24));
const BEHIND_DOME = new Profile(-150, 0, (distance) => 0.2 * Math.exp(distance / 14));

/** In front of and behind the heart there is some lung, less towards the spine. */
function besideHeart(distance: number, offset: number): number {
  const share = smoothStep(-BORDER_BLUR_MM, BORDER_BLUR_MM, distance);
  const behind = share < 1 ? BEHIND_HEART.at(distance) * smoothStep(2, 26, offset) : 0;
  return share * BESIDE_HEART.at(distance) + (1 - share) * behind;
}

/** Behind the dome the lung reaches down into the posterior recess. */
function aboveDome(distance: number): number {
  const share = smoothStep(-BORDER_BLUR_MM, BORDER_BLUR_MM, distance);
  return share * ABOVE_DOME.at(distance) + (1 - share) * BEHIND_DOME.at(distance);
}
