import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { sampleBilinear } from '../../../../src/core/engine/ops/sample-bilinear.ts';
import expected from '../../../fixtures/gcn/expected.json' with { type: 'json' };
import { ENGINES } from '../../../support/engines.ts';
import { expectClose } from '../../../support/expect-close.ts';
import { gradientError, randomInput, type TestInput } from '../../../support/finite-differences.ts';
import { formulaTensor } from '../../../support/formula.ts';

/** Of central differences of float32 functions. */
const FINITE_DIFFERENCES = 3e-3;

describe.each(ENGINES)('reading a feature map at landmarks on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  it('gives what grid_sample gives with the border repeated, also outside the image', () => {
    const maps = formulaTensor<tf.Tensor4D>('sampled', [2, 6, 9, 4]);
    const points = formulaTensor<tf.Tensor3D>('points', [2, 12, 2], -0.2, 1.2);
    expectClose(sampleBilinear(maps, points), expected.sampling, 2e-5);
  });

  it('learns by the right gradient, in the map and in the positions', () => {
    const maps = randomInput([2, 5, 8, 3]);
    const error = gradientError(
      (m, p) => sampleBilinear(m as tf.Tensor4D, p as tf.Tensor3D),
      [maps, betweenPixels(8, 5)],
      { step: 1e-3 },
    );
    expect(error).toBeLessThan(FINITE_DIFFERENCES);
  });

  it('pushes a landmark beyond the border nowhere', () => {
    const points = tf.tensor3d([-0.3, 0.5, 1.3, -0.2], [1, 2, 2]);
    const maps = formulaTensor<tf.Tensor4D>('sampled', [1, 4, 4, 2]);
    const gradient = tf
      .grad((p) => tf.sum(sampleBilinear(maps, p as tf.Tensor3D)))(points)
      .dataSync();
    expect(gradient[0]).toBeCloseTo(0, 6);
    expect(gradient[1]).not.toBeCloseTo(0, 2);
    expect(gradient[2]).toBeCloseTo(0, 6);
    expect(gradient[3]).toBeCloseTo(0, 6);
  });

  it('passes on a position that is no number', () => {
    const maps = formulaTensor<tf.Tensor4D>('sampled', [1, 4, 4, 2]);
    const read = sampleBilinear(maps, tf.tensor3d([0.5, Number.NaN], [1, 1, 2])).dataSync();
    expect([...read].every(Number.isNaN)).toBe(true);
  });

  it('reads maps of a single row and column', () => {
    const maps = tf.tensor4d([3, 4], [1, 1, 1, 2]);
    const points = tf.tensor3d([0.2, 0.9], [1, 1, 2]);
    expect([...sampleBilinear(maps, points).dataSync()]).toEqual([3, 4]);
  });
});

/** Points that a small step carries over no pixel centre, where bilinear sampling has its kinks. */
function betweenPixels(width: number, height: number): TestInput {
  const { values } = randomInput([2, 4, 2], { low: 0.2, high: 0.8 });
  const placed = values.map((offset, i) => {
    const size = i % 2 === 0 ? width : height;
    return (((i * 7) % (size - 1)) + 0.5 + offset) / size;
  });
  return { values: placed, shape: [2, 4, 2] };
}
