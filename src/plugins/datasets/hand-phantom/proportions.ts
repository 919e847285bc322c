import type { Law } from '../phantom/factor-model.ts';

/** From the base of a grown-up man's middle metacarpal to the knuckle: the measure of all lengths here. */
export const METACARPAL_MM = 67;

export const DIGITS = ['thumb', 'index', 'middle', 'ring', 'little'] as const;
export type Digit = (typeof DIGITS)[number];

/** From the wrist to the tip. */
export const DIGIT_BONES = {
  thumb: ['thumbMetacarpal', 'thumbProximal', 'thumbDistal'],
  index: ['indexMetacarpal', 'indexProximal', 'indexMiddle', 'indexDistal'],
  middle: ['middleMetacarpal', 'middleProximal', 'middleMiddle', 'middleDistal'],
  ring: ['ringMetacarpal', 'ringProximal', 'ringMiddle', 'ringDistal'],
  little: ['littleMetacarpal', 'littleProximal', 'littleMiddle', 'littleDistal'],
} as const satisfies Record<Digit, readonly string[]>;

export type BoneName = (typeof DIGIT_BONES)[Digit][number];

/**
 * What moves several measures at once. `fingers`: long fingers on a short palm. `fan`: fingers spread. `sway`: fingers
 * bent together towards the thumb. `build`: stout bones.
 */
export const FACTORS = ['fingers', 'fan', 'sway', 'build'] as const;
type HandLaw = Law<(typeof FACTORS)[number]>;

const length = (mean: number, fingers: number): HandLaw => ({
  mean,
  fingers: 0.022 * fingers * mean,
  own: 0.02 * mean,
});

/**
 * Lengths from joint to joint over that of the middle metacarpal; angles in degrees from straight up towards the
 * thumb, each against the bone before it (the metacarpals' against the middle one's). Means and the larger deviations
 * are those of the joints in nine hands of the Digital Hand Atlas (labels of Payer et al. 2019); the factors are ours.
 */
export const LAWS = {
  thumbMetacarpal: length(0.68, 0),
  thumbProximal: length(0.45, 1),
  thumbDistal: length(0.345, 1),
  indexMetacarpal: length(1.01, 0),
  indexProximal: length(0.585, 1),
  indexMiddle: length(0.345, 1),
  indexDistal: length(0.262, 1),
  middleMetacarpal: { mean: 1, own: 0 },
  middleProximal: length(0.66, 1),
  middleMiddle: length(0.42, 1),
  middleDistal: length(0.288, 1),
  ringMetacarpal: length(0.885, 0),
  ringProximal: length(0.615, 1),
  ringMiddle: length(0.4, 1),
  ringDistal: length(0.292, 1),
  littleMetacarpal: length(0.81, 0),
  littleProximal: length(0.47, 1),
  littleMiddle: length(0.272, 1),
  littleDistal: length(0.256, 1),
  thumbMetacarpalAngle: { mean: 34, fan: 5, own: 5 },
  thumbProximalAngle: { mean: -10, fan: 2, own: 6 },
  thumbDistalAngle: { mean: 4, own: 6 },
  indexMetacarpalAngle: { mean: 8.5, own: 0.8 },
  indexProximalAngle: { mean: 1.5, fan: 3.2, sway: 2.2, own: 1.5 },
  indexMiddleAngle: { mean: -0.5, own: 1.4 },
  indexDistalAngle: { mean: -2, own: 1.8 },
  middleMetacarpalAngle: { mean: 0, own: 0 },
  middleProximalAngle: { mean: 2, fan: 0.6, sway: 2.4, own: 1.4 },
  middleMiddleAngle: { mean: -2, own: 1.4 },
  middleDistalAngle: { mean: -3.5, own: 1.8 },
  ringMetacarpalAngle: { mean: -8.1, own: 0.9 },
  ringProximalAngle: { mean: 2.1, fan: -2.2, sway: 2.2, own: 1.4 },
  ringMiddleAngle: { mean: -0.5, own: 1.4 },
  ringDistalAngle: { mean: 2.5, own: 1.8 },
  littleMetacarpalAngle: { mean: -19.5, own: 1.4 },
  littleProximalAngle: { mean: 0.5, fan: -4.5, sway: 2, own: 2 },
  littleMiddleAngle: { mean: 0.5, own: 2 },
  littleDistalAngle: { mean: 5, own: 2.4 },
  /** Of the forearm against the middle metacarpal. */
  wristAngle: { mean: 0, own: 4.5 },
  boneWidth: { mean: 1, build: 0.06, own: 0.025 },
  fleshWidth: { mean: 1.06, build: 0.04, own: 0.05 },
  /** Front to back over across. */
  fleshDepth: { mean: 0.92, build: 0.03, own: 0.05 },
  density: { mean: 0.8, build: 0.04, own: 0.09 },
} as const satisfies Record<string, HandLaw>;

export type Measures = Record<keyof typeof LAWS, number>;

/** Fingers neither touch nor cross, and the thumb stands off. */
export function isPlausible(measures: Measures): boolean {
  const angles = DIGITS.map(
    (digit) => measures[`${digit}MetacarpalAngle`] + measures[`${digit}ProximalAngle`],
  );
  const [thumb, index, middle, ring, little] = angles as [number, number, number, number, number];
  return thumb - index > 10 && index - middle > 2.5 && middle - ring > 2.5 && ring - little > 5 && thumb < 62;
}

/** Base of each metacarpal from that of the middle one, towards the thumb and towards the fingertips; shares. */
export const METACARPAL_BASES: Readonly<Record<Digit, readonly [across: number, along: number]>> = {
  thumb: [0.382, -0.098],
  index: [0.191, -0.018],
  middle: [0, 0],
  ring: [-0.167, -0.002],
  little: [-0.283, -0.044],
};

/** Half the widths of a bone at its base, waist and head (of the last one, its tuft); millimetres of a grown-up man. */
export interface Widths {
  readonly base: number;
  readonly waist: number;
  readonly head: number;
}

const widths = (base: number, waist: number, head: number): Widths => ({ base, waist, head });

/** Textbook values, rounded; estimates where books differ. */
export const BONE_WIDTHS: Readonly<Record<BoneName, Widths>> = {
  thumbMetacarpal: widths(7.4, 4.6, 7.2),
  thumbProximal: widths(7.2, 4.3, 6),
  thumbDistal: widths(6.3, 3.5, 4.4),
  indexMetacarpal: widths(7.8, 4.1, 7.4),
  indexProximal: widths(7.7, 4.6, 5.6),
  indexMiddle: widths(6.4, 3.8, 4.8),
  indexDistal: widths(4.7, 2.5, 3.6),
  middleMetacarpal: widths(7, 4.1, 7.3),
  middleProximal: widths(8.1, 4.9, 6),
  middleMiddle: widths(6.8, 4.1, 5.1),
  middleDistal: widths(5, 2.6, 3.9),
  ringMetacarpal: widths(5.7, 3.4, 6.3),
  ringProximal: widths(7.4, 4.5, 5.5),
  ringMiddle: widths(6.4, 3.8, 4.8),
  ringDistal: widths(4.8, 2.5, 3.8),
  littleMetacarpal: widths(6.2, 3.5, 6),
  littleProximal: widths(6.6, 3.8, 4.7),
  littleMiddle: widths(5.2, 3, 3.9),
  littleDistal: widths(4.1, 2.1, 3.2),
};
