import { Type } from 'typebox';

/** The option of strategies whose unlabeled losses come in along `sigmoidRamp`. */
export function rampUpOption(length: number) {
  return Type.Number({
    description:
      'Part of the stage over which the weight of the unlabeled loss grows from 0, along a sigmoid.',
    default: length,
    minimum: 0,
    maximum: 1,
  });
}

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

/** The straight ramp-up of a weight: 0 until `from`, 1 after `to` (Lee 2013, equation 16); all in [0, 1] of the stage. */
export function linearRamp(progress: number, from: number, to: number): number {
  if (progress >= to) return 1;
  return Math.max(0, (progress - from) / (to - from));
}
