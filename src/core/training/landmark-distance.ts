import {
  abs,
  div,
  maximum,
  mul,
  type Scalar,
  sub,
  sum,
  type Tensor2D,
  type Tensor3D,
} from '@tensorflow/tfjs-core';

/** `|Δx| + |Δy|` in [0, 1] of the image: `[batch, landmarks, 2]` twice -> `[batch, landmarks]`. */
export function l1Distance(landmarks: Tensor3D, targets: Tensor3D): Tensor2D {
  return sum(abs(sub(landmarks, targets)), 2);
}

/** The mean over what has weight 1; 0 where nothing has. */
export function weightedMean(values: Tensor2D, weight: Tensor2D): Scalar {
  return div(sum(mul(values, weight)), maximum(sum(weight), 1));
}
