import type { GreyImage } from './dataset.ts';

/** A film that uses less of the grey range than this (12 bits in a 16-bit file) is spread over all of it. */
const NARROW_RANGE = 0.25;
/** Part of the pixels at either end that may be something else than the film: markers, dead pixels. */
const OUTLIERS = 0.001;
/** A film beside outliers uses at least this: 10 bits in a 16-bit file. */
const LEAST_RANGE = 1 / 64;
/** Grey levels that are told apart, and about so many pixels are looked at, where outliers are searched. */
const LEVELS = 4096;
const LOOKED_AT = 65536;

/**
 * The image as 256 levels can keep it: a film that leaves most of the format's range unused is spread over all of it,
 * and what lies beyond the film is as dark or as bright as its ends.
 */
export function spreadNarrowRange(image: GreyImage): GreyImage {
  const { pixels } = image;
  const [low, high] = filmRange(pixels);
  const range = high - low;
  if (range >= NARROW_RANGE || range < 1e-6) return image;
  return { ...image, pixels: pixels.map((value) => Math.min(1, Math.max(0, (value - low) / range))) };
}

type Range = readonly [low: number, high: number];

function filmRange(pixels: Float32Array): Range {
  const whole = extremes(pixels);
  if (whole[1] - whole[0] < NARROW_RANGE) return whole;
  const film = withoutOutliers(pixels, whole);
  return film[1] - film[0] < LEAST_RANGE ? whole : film;
}

function extremes(pixels: Float32Array): Range {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < pixels.length; i++) {
    const value = pixels[i]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** The range without the levels at its ends that `OUTLIERS` of the pixels have. */
function withoutOutliers(pixels: Float32Array, [low, high]: Range): Range {
  const scale = (LEVELS - 1) / (high - low);
  const counts = new Uint32Array(LEVELS);
  const step = Math.floor(pixels.length / LOOKED_AT) | 1; // odd, so that it meets every column of most images
  for (let i = 0; i < pixels.length; i += step) counts[Math.round((pixels[i]! - low) * scale)]! += 1;
  const few = (OUTLIERS * pixels.length) / step;
  let [first, last] = [0, LEVELS - 1];
  for (let passed = counts[first]!; passed <= few; passed += counts[first]!) first++;
  for (let passed = counts[last]!; passed <= few; passed += counts[last]!) last--;
  // half a level more on either side, which rounding has put there
  return [low + (first - 0.5) / scale, low + (last + 0.5) / scale];
}
