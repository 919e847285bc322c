import type { Random } from '../../../core/random.ts';
import { Profile } from './curves.ts';
import { NormalTable } from './noise.ts';
import type { Raster } from './raster.ts';
import { wideBlur } from './smoothing.ts';

/** What a detector receives. */
export interface Projection {
  /** The line integral of attenuation along each ray (Beer-Lambert: the transmission is its negative exponential). */
  readonly attenuation: Raster;
  /** Whether the automatic exposure control looks at a pixel. */
  isMeasured(pixel: number): boolean;
}

/** How a film is exposed, recorded and shown. */
export interface Exposure {
  /** Scattered over primary radiation at the detector. */
  readonly scatterRatio: number;
  /** How far scatter spreads: a standard deviation. */
  readonly scatterSigmaMm: number;
  /** Quanta a pixel in the open beam. */
  readonly quanta: number;
  /** Share of the coarse differences of density that the display takes away (dynamic-range compression). */
  readonly equalization: number;
  /** What counts as coarse: a standard deviation. */
  readonly equalizationSigmaMm: number;
  /** Brightness on the display of what the exposure control measures, in [0, 1]. */
  readonly brightness: number;
  /** Steepness of the response curve, per unit of logarithmic exposure. */
  readonly contrast: number;
  /** Darkest and brightest grey of the display. */
  readonly black: number;
  readonly white: number;
}

/** How a number varies between films; it stays within its bounds. */
interface Spread {
  readonly mean: number;
  readonly deviation: number;
  readonly low?: number;
  readonly high?: number;
}

/** How the exposures of one kind of examination vary. */
export interface ExposureLaw {
  readonly scatterRatio: Spread;
  readonly scatterSigmaMm: number;
  /** The median, and the deviation of the logarithm. */
  readonly quanta: { readonly median: number; readonly logDeviation: number };
  readonly equalization: Spread;
  readonly equalizationSigmaMm: number;
  readonly brightness: Spread;
  readonly contrast: Spread;
  readonly black: Spread;
  readonly white: Spread;
}

/** Draws an exposure; `spread` scales every deviation, `noise` the quantum noise. */
export function drawExposure(random: Random, law: ExposureLaw, spread: number, noise: number): Exposure {
  const vary = ({ mean, deviation, low = -Infinity, high = Infinity }: Spread): number =>
    Math.min(high, Math.max(low, random.normal(mean, deviation * spread)));
  const { median, logDeviation } = law.quanta;
  return {
    scatterRatio: vary(law.scatterRatio),
    scatterSigmaMm: law.scatterSigmaMm,
    quanta: (median * Math.exp(random.normal(0, logDeviation * spread))) / Math.max(noise, 1e-3) ** 2,
    equalization: vary(law.equalization),
    equalizationSigmaMm: law.equalizationSigmaMm,
    brightness: vary(law.brightness),
    contrast: vary(law.contrast),
    black: vary(law.black),
    white: vary(law.white),
  };
}

/* Both tables err by less than 3e-6, and take a sixth of the exponential's time. */
const PER_UNIT = 256;
const TRANSMISSION = new Profile(0, 16 * PER_UNIT, (sum) => Math.exp(-sum / PER_UNIT));
const LOGISTIC = new Profile(-12 * PER_UNIT, 12 * PER_UNIT, (x) => 1 / (1 + Math.exp(-x / PER_UNIT)));

/** Turns rays into grey values in [0, 1]: transmission, scatter, quantum noise, logarithm, response curve. */
export function develop(projection: Projection, exposure: Exposure, random: Random): Float32Array {
  const { attenuation } = projection;
  const { black, white, contrast, brightness, equalization, equalizationSigmaMm } = exposure;
  const density = logExposure(attenuation, exposure, random);
  const coarse = wideBlur(density, attenuation.size, equalizationSigmaMm / attenuation.mmPerPx);
  for (let i = 0; i < density.length; i++) {
    density[i] = (density[i] as number) - equalization * (coarse[i] as number);
  }
  const anchor = measure(density, projection);
  const offset = Math.log(brightness / (1 - brightness));
  for (let i = 0; i < density.length; i++) {
    const above = (density[i] as number) - anchor;
    density[i] = black + (white - black) * LOGISTIC.at(PER_UNIT * (contrast * above + offset));
  }
  return density;
}

/** Minus the logarithm of the detector's signal. */
function logExposure(
  { size, mmPerPx, values }: Raster,
  { scatterRatio, scatterSigmaMm, quanta }: Exposure,
  random: Random,
): Float32Array {
  const count = values.length;
  const primary = new Float32Array(count);
  const source = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const sum = values[i] as number;
    const signal = TRANSMISSION.at(PER_UNIT * sum);
    primary[i] = signal;
    // Only rays that meet tissue scatter.
    source[i] = signal * Math.min(1, sum / 2);
  }
  const scatter = wideBlur(source, size, scatterSigmaMm / mmPerPx);
  const noise = new NormalTable(random);
  for (let i = 0; i < count; i++) {
    const exposure = (primary[i] as number) + scatterRatio * (scatter[i] as number);
    const relative = noise.at(i) / Math.sqrt(quanta * exposure);
    primary[i] = -Math.log(exposure * Math.max(0.2, 1 + relative));
  }
  return primary;
}

/** The automatic exposure control's reading: the mean over what it looks at. */
function measure(density: Float32Array, projection: Projection): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < density.length; i++) {
    if (!projection.isMeasured(i)) continue;
    sum += density[i] as number;
    count++;
  }
  return count === 0 ? 0 : sum / count;
}
