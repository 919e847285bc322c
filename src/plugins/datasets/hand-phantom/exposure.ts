import type { ExposureLaw } from '../phantom/detector.ts';

/** No grid, film on the table top; chosen by eye beside films of the Digital Hand Atlas, not measured on a machine. */
export const HAND_EXPOSURE: ExposureLaw = {
  scatterRatio: { mean: 0.25, deviation: 0.08, low: 0.03 },
  scatterSigmaMm: 14,
  quanta: { median: 30_000, logDeviation: 0.6 },
  equalization: { mean: 0.1, deviation: 0.08, low: 0, high: 0.5 },
  equalizationSigmaMm: 30,
  brightness: { mean: 0.57, deviation: 0.06, low: 0.38, high: 0.72 },
  contrast: { mean: 2.7, deviation: 0.35, low: 1.7 },
  black: { mean: 0.06, deviation: 0.05, low: 0 },
  white: { mean: 0.95, deviation: 0.04, high: 1 },
};
