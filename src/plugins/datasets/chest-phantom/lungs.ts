import type { Anatomy } from './anatomy.ts';
import { Profile, roundEdge, smoothStep } from './curves.ts';
import type { LungOutline } from './lung-outline.ts';
import { addField, type Raster } from './raster.ts';

/** How sharply the heart's and the mediastinum's borders show, in millimetres. */
const BORDER_BLUR_MM = 1.2;

/** Adds the thickness of air-filled lung along each ray, in millimetres. */
export function addLungs(thickness: Raster, anatomy: Anatomy): void {
  for (const lung of anatomy.lungs) addLung(thickness, anatomy, lung);
}

function addLung(thickness: Raster, { midline, lungDepth }: Anatomy, lung: LungOutline): void {
  const { side, wall, medial, dome, apex, costophrenic } = lung;
  const [wallCosine, medialCosine, domeCosine] = [obliquity(wall), obliquity(medial), obliquity(dome)];
  const x = midline.at(costophrenic.y);
  const box = {
    left: side < 0 ? x - costophrenic.offset - 30 : x - 20,
    right: side < 0 ? x + 20 : x + costophrenic.offset + 30,
    top: apex.y - 2,
    bottom: costophrenic.y + 45,
  };
  addField(thickness, box, (px, y) => {
    const offset = side * (px - midline.at(y));
    const fromWall = (wall.at(y) - offset) * wallCosine.at(y);
    if (fromWall <= 0 || y <= apex.y || offset < -4) return 0;
    const fromHeart = (offset - medial.at(y)) * medialCosine.at(y);
    const fromDome = (dome.at(offset) - y) * domeCosine.at(offset);
    const depth = roundEdge(fromWall, 52) * besideHeart(fromHeart, offset) * aboveDome(fromDome);
    return lungDepth * depth * roundEdge(y - apex.y, 36);
  });
}

/** Cosine of a border's slope: turns a distance along x or y into one across the border. */
function obliquity(border: Profile): Profile {
  return new Profile(
    -60,
    460,
    (position) => 1 / Math.hypot(1, border.at(position + 1) - border.at(position)),
  );
}

/** In front of and behind the heart there is some lung, less towards the spine. */
function besideHeart(distance: number, offset: number): number {
  const outside = 1 - 0.4 * Math.exp(-Math.max(distance, 0) / 14);
  const behind = 0.34 * Math.exp(Math.min(distance, 0) / 40) * smoothStep(2, 26, offset);
  const share = smoothStep(-BORDER_BLUR_MM, BORDER_BLUR_MM, distance);
  return share * outside + (1 - share) * behind;
}

/** Behind the dome the lung reaches down into the posterior recess. */
function aboveDome(distance: number): number {
  const above = 1 - 0.5 * Math.exp(-Math.max(distance, 0) / 24);
  const recess = 0.2 * Math.exp(Math.min(distance, 0) / 14);
  const share = smoothStep(-BORDER_BLUR_MM, BORDER_BLUR_MM, distance);
  return share * above + (1 - share) * recess;
}
