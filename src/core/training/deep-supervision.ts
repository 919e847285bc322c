import { add, mul, type Scalar, type Tensor3D } from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import type { HeadOutput } from '../nn/model.ts';

/** The option of losses that can also teach a head's estimates on the way to its landmarks. */
export const deepSupervisionOption = Type.Number({
  description: "Weight of the head's estimates on the way to the last one; 0 supervises the last alone.",
  default: 0,
  minimum: 0,
});

/**
 * The loss of a head's landmarks, and with it that of each earlier estimate.
 * @param weight of the earlier ones.
 */
export function deepSupervision(
  { landmarks, trajectory }: Pick<HeadOutput, 'landmarks' | 'trajectory'>,
  weight: number,
  lossOf: (estimate: Tensor3D) => Scalar,
): { readonly total: Scalar; readonly last: Scalar } {
  const last = lossOf(landmarks);
  const earlier = weight === 0 ? [] : trajectory.slice(0, -1);
  const total = earlier.reduce<Scalar>((sum, estimate) => add(sum, mul(lossOf(estimate), weight)), last);
  return { total, last };
}
