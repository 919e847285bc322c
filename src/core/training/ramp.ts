/**
 * The sigmoid-shaped ramp-up of a weight from about 0 to 1 (Laine & Aila 2016).
 *
 * @param progress of the stage, in [0, 1].
 * @param length the part of the stage that the ramp takes, in [0, 1]; 0 is no ramp.
 */
export function sigmoidRamp(progress: number, length: number): number {
  if (progress >= length) return 1;
  return Math.exp(-5 * (1 - progress / length) ** 2);
}
