import type { ExposureLaw } from '../phantom/detector.ts';

/** Behind a grid; chosen by eye and by grey histogram beside real training films, not measured on a machine. */
export const CHEST_EXPOSURE: ExposureLaw = {
  scatterRatio: { mean: 0.35, deviation: 0.12, low: 0.05 },
  scatterSigmaMm: 28,
  quanta: { median: 60_000, logDeviation: 0.7 },
  equalization: { mean: 0.3, deviation: 0.14, low: 0, high: 0.7 },
  equalizationSigmaMm: 32,
  brightness: { mean: 0.56, deviation: 0.07, low: 0.25, high: 0.72 },
  contrast: { mean: 1.45, deviation: 0.22, low: 0.7 },
  black: { mean: 0.01, deviation: 0.03, low: 0 },
  white: { mean: 0.95, deviation: 0.03, high: 1 },
};
