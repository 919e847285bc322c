import {
  abs,
  div,
  maximum,
  mul,
  type Scalar,
  square,
  sub,
  sum,
  type Tensor2D,
  type Tensor3D,
} from '@tensorflow/tfjs-core';

/** How far landmarks lie apart: `[batch, landmarks, 2]` twice -> `[batch, landmarks]`. */
export type LandmarkDistance = (landmarks: Tensor3D, targets: Tensor3D) => Tensor2D;

/**
 * What squared distances in [0, 1] of the image are divided by. They would be tiny beside L1 distances; so both have the
 * same slope at a hundredth of the image, and the weight of a loss means the same for both.
 */
export const SQUARED_UNIT = 0.02;

/** `|Δx| + |Δy|` in [0, 1] of the image. */
export const l1Distance: LandmarkDistance = (landmarks, targets) => sum(abs(sub(landmarks, targets)), 2);

/** `(Δx² + Δy²) / SQUARED_UNIT`. */
export const squaredDistance: LandmarkDistance = (landmarks, targets) =>
  div(sum(square(sub(landmarks, targets)), 2), SQUARED_UNIT);

/** The mean over what has weight 1; 0 where nothing has. */
export function weightedMean(values: Tensor2D, weight: Tensor2D): Scalar {
  return div(sum(mul(values, weight)), maximum(sum(weight), 1));
}
