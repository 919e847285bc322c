import type { Random } from '../../../core/random.ts';
import { Profile } from './curves.ts';
import { NormalTable } from './noise.ts';
import type { Projection } from './projection.ts';
import { wideBlur } from './smoothing.ts';

/** How a film is exposed, recorded and shown. */
export interface Exposure {
  /** Scattered over primary radiation behind the grid. */
  readonly scatterRatio: number;
  /** Quanta a pixel in the open beam. */
  readonly quanta: number;
  /** Share of the coarse differences of density that the display takes away (dynamic-range compression). */
  readonly equalization: number;
  /** Brightness of the lungs on the display, in [0, 1]. */
  readonly lungBrightness: number;
  /** Steepness of the response curve, per unit of logarithmic exposure. */
  readonly contrast: number;
  /** Darkest and brightest grey of the display. */
  readonly black: number;
  readonly white: number;
}

/** Values chosen by eye and by grey histogram beside real training films, not measured on a machine; `spread` scales every deviation, `noise` the quantum noise. */
export function drawExposure(random: Random, spread: number, noise: number): Exposure {
  const vary = (mean: number, deviation: number): number => random.normal(mean, deviation * spread);
  return {
    scatterRatio: Math.max(0.05, vary(0.35, 0.12)),
    quanta: (60_000 * Math.exp(vary(0, 0.7))) / Math.max(noise, 1e-3) ** 2,
    equalization: Math.min(0.7, Math.max(0, vary(0.3, 0.14))),
    lungBrightness: Math.min(0.72, Math.max(0.25, vary(0.56, 0.07))),
    contrast: Math.max(0.7, vary(1.45, 0.22)),
    black: Math.max(0, vary(0.01, 0.03)),
    white: Math.min(1, vary(0.95, 0.03)),
  };
}

const SCATTER_SIGMA_MM = 28;
const EQUALIZATION_SIGMA_MM = 32;

/* Both tables err by less than 3e-6, and take a sixth of the exponential's time. */
const PER_UNIT = 256;
const TRANSMISSION = new Profile(0, 16 * PER_UNIT, (sum) => Math.exp(-sum / PER_UNIT));
const LOGISTIC = new Profile(-12 * PER_UNIT, 12 * PER_UNIT, (x) => 1 / (1 + Math.exp(-x / PER_UNIT)));

/** Turns rays into grey values in [0, 1]: transmission, scatter, quantum noise, logarithm, response curve. */
export function develop({ attenuation, lung }: Projection, exposure: Exposure, random: Random): Float32Array {
  const { size, mmPerPx, values } = attenuation;
  const density = logExposure(values, size, mmPerPx, exposure, random);
  const coarse = wideBlur(density, size, EQUALIZATION_SIGMA_MM / mmPerPx);
  for (let i = 0; i < density.length; i++) {
    density[i] = (density[i] as number) - exposure.equalization * (coarse[i] as number);
  }
  const anchor = meanWhere(density, lung.values, 40);
  const { black, white, contrast, lungBrightness } = exposure;
  const offset = Math.log(lungBrightness / (1 - lungBrightness));
  for (let i = 0; i < density.length; i++) {
    const above = (density[i] as number) - anchor;
    density[i] = black + (white - black) * LOGISTIC.at(PER_UNIT * (contrast * above + offset));
  }
  return density;
}

/** Minus the logarithm of the detector's signal. */
function logExposure(
  rays: Float32Array,
  size: number,
  mmPerPx: number,
  { scatterRatio, quanta }: Exposure,
  random: Random,
): Float32Array {
  const count = rays.length;
  const primary = new Float32Array(count);
  const source = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const sum = rays[i] as number;
    const signal = TRANSMISSION.at(PER_UNIT * sum);
    primary[i] = signal;
    // Only rays that meet tissue scatter.
    source[i] = signal * Math.min(1, sum / 2);
  }
  const scatter = wideBlur(source, size, SCATTER_SIGMA_MM / mmPerPx);
  const noise = new NormalTable(random);
  for (let i = 0; i < count; i++) {
    const exposure = (primary[i] as number) + scatterRatio * (scatter[i] as number);
    const relative = noise.at(i) / Math.sqrt(quanta * exposure);
    primary[i] = -Math.log(exposure * Math.max(0.2, 1 + relative));
  }
  return primary;
}

/** The automatic exposure control's reading: the mean over the lungs. */
function meanWhere(values: Float32Array, weights: Float32Array, threshold: number): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if ((weights[i] as number) < threshold) continue;
    sum += values[i] as number;
    count++;
  }
  return count === 0 ? 0 : sum / count;
}
