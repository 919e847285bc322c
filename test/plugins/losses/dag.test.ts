import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LandmarkLoss } from '../../../src/core/training/strategy.ts';
import { dagLoss } from '../../../src/plugins/losses/dag.ts';
import { ENGINES } from '../../support/engines.ts';

/** L1 distances to the origin: 0.3 and 0.9 (global), 0.2 and 0.4 (between), 0.1 and 0.5 (last). */
const TRAJECTORY = [
  [0.1, 0.2, 0.4, 0.5],
  [0.1, 0.1, 0.2, 0.2],
  [0.1, 0, 0.25, 0.25],
];

describe.each(ENGINES)('the loss of the deep adaptive graph on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  it('forgives the global step its margin and weighs the two terms', () => {
    const { total, parts } = evaluate({ margin: 0.4 }, [1, 1]);
    expect(parts.global).toBeCloseTo((0 + 0.5) / 2, 6);
    expect(parts.local).toBeCloseTo(0.3, 6);
    expect(total).toBeCloseTo(3 * 0.25 + 2 * 0.3, 6);
  });

  it('leaves missing landmarks out, and is 0 for an image without any', () => {
    expect(evaluate({}, [1, 0]).parts.local).toBeCloseTo(0.1, 6);
    expect(evaluate({}, [0, 0]).total).toBe(0);
  });

  it('supervises the steps between only when asked to', () => {
    const plain = evaluate({}, [1, 1]).total;
    expect(evaluate({ deepSupervision: 0.5 }, [1, 1]).total).toBeCloseTo(plain + 0.5 * 0.3, 6);
  });
});

function evaluate(chosen: { margin?: number; deepSupervision?: number }, present: number[]) {
  const options = { globalWeight: 3, localWeight: 2, margin: 0, deepSupervision: 0, ...chosen };
  const loss = dagLoss.create(options, {}) as LandmarkLoss;
  const trajectory = TRAJECTORY.map((points) => tf.tensor3d(points, [1, 2, 2]));
  const output = { features: tf.zeros([1, 1, 1, 1]) as tf.Tensor4D, trajectory, landmarks: trajectory[2]! };
  const { total, parts } = loss.evaluate(output, tf.zeros([1, 2, 2]), tf.tensor2d([present]));
  const read = (tensor: tf.Tensor) => tensor.dataSync()[0]!;
  return {
    total: read(total),
    parts: { local: read(parts.local!), global: read(parts.global!) },
  };
}
