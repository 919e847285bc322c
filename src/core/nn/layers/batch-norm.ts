import { batchNorm as normalize, type Tensor1D, type Tensor4D } from '@tensorflow/tfjs-core';
import { batchNormTraining } from '../../engine/ops/batch-norm.ts';
import { constant } from '../initializers.ts';
import type { ForwardPass, ParameterScope } from '../parameters.ts';

const EPSILON = 1e-5;

/** Batch norm over all axes but the last: by the batch in training, by the stored statistics otherwise. */
export function batchNorm(scope: ParameterScope, channels: number) {
  const scale = scope.parameter('scale', [channels], constant(1));
  const offset = scope.parameter('offset', [channels], constant(0));
  const mean = scope.statistic('mean', [channels], 0);
  const variance = scope.statistic('variance', [channels], 1);
  return (maps: Tensor4D, pass: ForwardPass): Tensor4D => {
    if (!pass.training) {
      const stored = [pass.statistic(mean), pass.statistic(variance)] as [Tensor1D, Tensor1D];
      return normalize(
        maps,
        ...stored,
        pass.parameter(offset) as Tensor1D,
        pass.parameter(scale) as Tensor1D,
        EPSILON,
      ) as Tensor4D;
    }
    const batch = batchNormTraining(maps, pass.parameter(scale), pass.parameter(offset), EPSILON);
    pass.observe(mean, batch.mean);
    pass.observe(variance, batch.variance);
    return batch.output;
  };
}
