import type { Random } from '../../../core/random.ts';
import { blankOf, type Film, type Raster } from './raster.ts';
import { type AxisPoint, addTube } from './tubes.ts';

/** Strokes of the marker letters in a unit square, y downwards. */
const LETTERS = {
  L: [
    [0, 0],
    [0, 1],
    [0.65, 1],
  ],
  R: [
    [0, 1],
    [0, 0],
    [0.5, 0],
    [0.65, 0.12],
    [0.65, 0.38],
    [0.5, 0.5],
    [0, 0.5],
    [0.3, 0.5],
    [0.65, 1],
  ],
} as const;

type Range = readonly [low: number, high: number];

/** Where a department puts its side markers, in millimetres. */
export interface MarkerHabit {
  /** L at the image's right edge or R at its left one. */
  letter(random: Random): keyof typeof LETTERS;
  readonly height: Range;
  /** From the edge at the side that the letter names. */
  readonly inset: Range;
  readonly y: Range;
}

/** Shutters: beyond these lines (pixels of the film) nothing is exposed. */
interface Collimation {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Draws what a department adds to a picture: shutters' borders and a side marker. */
export function finishFilm(grey: Float32Array, film: Film, habit: MarkerHabit, random: Random): void {
  addMarker(grey, film, habit, random);
  const { size } = film;
  const shutters = drawCollimation(size, random);
  const border = random.chance(0.08) ? 0.95 : 0;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const open =
        column >= shutters.left && column < shutters.right && row >= shutters.top && row < shutters.bottom;
      if (!open) grey[row * size + column] = border;
    }
  }
}

/** Three films in five show a shutter, mostly a few millimetres on one or two sides. */
function drawCollimation(size: number, random: Random): Collimation {
  const shown = random.chance(0.6);
  const depth = (): number => (shown && random.chance(0.4) ? size * 0.012 * random.uniform(0.2, 1.6) : 0);
  return { left: depth(), top: depth(), right: size - depth(), bottom: size - depth() };
}

/** An opaque letter, and sometimes a small one beside it. */
function addMarker(grey: Float32Array, film: Film, habit: MarkerHabit, random: Random): void {
  if (!random.chance(0.9)) return;
  const letter = habit.letter(random);
  const height = random.uniform(...habit.height);
  const inset = random.uniform(...habit.inset);
  const x = letter === 'L' ? film.size * film.mmPerPx - inset - height : inset;
  const y = random.uniform(...habit.y);
  const marker = blankOf(film);
  strike(marker, letter, x, y, height);
  if (random.chance(0.6)) strike(marker, 'L', x + height, y + 1.6 * height, 0.3 * height);
  const brightness = random.uniform(0.85, 1);
  for (let i = 0; i < grey.length; i++) {
    const opacity = Math.min(1, marker.values[i] as number);
    if (opacity > 0) grey[i] = (grey[i] as number) * (1 - opacity) + brightness * opacity;
  }
}

function strike(marker: Raster, letter: keyof typeof LETTERS, x: number, y: number, height: number): void {
  const radius = 0.09 * height;
  const axis = LETTERS[letter].map(
    ([dx, dy]): AxisPoint => ({ x: x + dx * height, y: y + dy * height, z: 0, radius }),
  );
  addTube(marker, axis, 1.2 / radius);
}
