import type { ExposureLaw } from '../phantom/detector.ts';

/** Behind a grid; values chosen by eye, not measured on a machine. */
export const PELVIS_EXPOSURE: ExposureLaw = {
  scatterRatio: { mean: 0.4, deviation: 0.12, low: 0.05 },
  scatterSigmaMm: 30,
  quanta: { median: 900_000, logDeviation: 0.6 },
  equalization: { mean: 0.72, deviation: 0.07, low: 0.4, high: 0.9 },
  equalizationSigmaMm: 34,
  brightness: { mean: 0.5, deviation: 0.06, low: 0.28, high: 0.65 },
  contrast: { mean: 3, deviation: 0.4, low: 1.8 },
  black: { mean: 0.01, deviation: 0.03, low: 0 },
  white: { mean: 0.95, deviation: 0.03, high: 1 },
};
