import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LandmarkLoss, Loss } from '../../../src/core/training/strategy.ts';
import { adaptiveWing } from '../../../src/plugins/losses/adaptive-wing.ts';
import { globalMargin } from '../../../src/plugins/losses/global-margin.ts';
import { heatmapMse } from '../../../src/plugins/losses/heatmap-mse.ts';
import { l1 } from '../../../src/plugins/losses/l1.ts';
import { laplaceNll } from '../../../src/plugins/losses/laplace-nll.ts';
import { smoothL1 } from '../../../src/plugins/losses/smooth-l1.ts';
import { wing } from '../../../src/plugins/losses/wing.ts';
import expected from '../../fixtures/losses/expected.json' with { type: 'json' };
import { ENGINES } from '../../support/engines.ts';
import { gradientError } from '../../support/finite-differences.ts';
import { formulaTensor } from '../../support/formula.ts';

const [BATCH, LANDMARKS, HEIGHT, WIDTH] = [2, 3, 6, 9];
/** Of the script that made the numbers. */
const SIGMA = 1.5;

type Share = { readonly deepSupervision: number };
const coordinateLosses: Record<string, (share: Share) => Loss> = {
  l1: (share) => l1.create(share, {}),
  'smooth-l1': (share) => smoothL1.create({ beta: 0.1, ...share }, {}),
  wing: (share) => wing.create({ width: 0.1, curvature: 0.02, ...share }, {}),
  'laplace-nll': (share) => laplaceNll.create({ smallestScale: 0.03, ...share }, {}),
};
const heatmapLosses: Record<string, (sigma?: number, sigmaUnit?: 'heatmap' | 'image') => Loss> = {
  'heatmap-mse': (sigma = SIGMA, sigmaUnit = 'heatmap') =>
    heatmapMse.create({ sigma, sigmaUnit, foregroundWeight: 3 }, {}),
  'adaptive-wing': (sigma = SIGMA, sigmaUnit = 'heatmap') =>
    adaptiveWing.create(
      { sigma, sigmaUnit, alpha: 2.1, omega: 14, epsilon: 1, theta: 0.5, foregroundWeight: 10 },
      {},
    ),
};
const LOSSES = Object.entries({
  ...Object.fromEntries(
    Object.entries(coordinateLosses).map(([name, make]) => [name, () => make({ deepSupervision: 0 })]),
  ),
  ...heatmapLosses,
}) as [keyof typeof expected.landmarks, () => LandmarkLoss][];

describe.each(ENGINES)('losses of landmarks on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  describe.each(LOSSES)('%s', (name, make) => {
    it('is what SciPy gives, the missing landmark left out', () => {
      const { total, parts } = make().evaluate(output(), truth(), present());
      expect(read(total) / expected.landmarks[name]).toBeCloseTo(1, 4);
      expect(Object.values(parts).map(read)).toEqual([read(total)]);
    });

    it('is 0 and without gradient where no landmark is labeled', () => {
      const none = tf.zeros([BATCH, LANDMARKS]) as tf.Tensor2D;
      const loss = (...changed: tf.Tensor[]) => make().evaluate(output(changed), truth(), none).total;
      const { value, grads } = tf.valueAndGrads(loss)(taught(name));
      expect(read(value)).toBe(0);
      for (const gradient of grads) expect(read(tf.max(tf.abs(gradient)))).toBe(0);
    });

    it('learns by the right gradient', () => {
      const inputs = taught(name).map((tensor) => ({
        values: tensor.dataSync() as Float32Array,
        shape: tensor.shape,
      }));
      const error = gradientError(
        (...changed) => make().evaluate(output(changed), truth(), present()).total,
        inputs,
        { step: 1e-3 },
      );
      expect(error).toBeLessThan(5e-3);
    });
  });

  it.each(Object.entries(coordinateLosses))(
    '%s supervises the estimates on the way only when asked to',
    (_loss, make) => {
      const evaluate = (deepSupervision: number) =>
        read((make({ deepSupervision }) as LandmarkLoss).evaluate(output(), truth(), present()).total);
      const last = output();
      const first = { ...last, landmarks: last.trajectory[0]!, trajectory: [last.trajectory[0]!] };
      const ofFirst = (make({ deepSupervision: 0 }) as LandmarkLoss).evaluate(first, truth(), present());
      expect(evaluate(0.5)).toBeCloseTo(evaluate(0) + 0.5 * read(ofFirst.total), 4);
    },
  );

  it.each(Object.entries(heatmapLosses))(
    '%s takes σ as a share of the longer side as well',
    (_loss, make) => {
      const value = (loss: Loss) => read((loss as LandmarkLoss).evaluate(output(), truth(), present()).total);
      expect(value(make(SIGMA / WIDTH, 'image')) / value(make())).toBeCloseTo(1, 5);
    },
  );

  it('heatmap-mse costs a half for an empty map, whatever its size and σ', () => {
    const cost = (height: number, sigma: number) => {
      const loss = heatmapMse.create({ sigma, sigmaUnit: 'heatmap', foregroundWeight: 0 }, {});
      const heatmaps = tf.zeros([1, height, height, 1]) as tf.Tensor4D;
      const middle = tf.fill([1, 1, 2], 0.5) as tf.Tensor3D;
      const made = { ...output(), heatmaps };
      return read((loss as LandmarkLoss).evaluate(made, middle, tf.ones([1, 1])).total);
    };
    expect(cost(20, 1.5)).toBeCloseTo(0.5, 3);
    expect(cost(48, 4)).toBeCloseTo(0.5, 3);
  });

  it('global-margin teaches the first estimate alone, beyond its margin', () => {
    const loss = globalMargin.create({ margin: 0.1 }, {}) as LandmarkLoss;
    const estimates = [0.3, 0.5].map((x) => tf.tensor3d([x, 0.5, 0.45, 0.5], [1, 2, 2]));
    const made = { ...output(), trajectory: estimates, landmarks: estimates[1]! };
    const target = tf.fill([1, 2, 2], 0.5) as tf.Tensor3D;
    expect(read(loss.evaluate(made, target, tf.ones([1, 2])).total)).toBeCloseTo((0.1 + 0) / 2, 6);
    expect(read(loss.evaluate(made, target, tf.tensor2d([[0, 1]])).total)).toBe(0);
  });

  it('laplace-nll wants b at half the L1 error', () => {
    const loss = laplaceNll.create({ smallestScale: 1e-4, deepSupervision: 0 }, {}) as LandmarkLoss;
    const landmarks = tf.tensor3d([0.53, 0.55], [1, 1, 2]);
    const byScale = tf.grad((logScale) => {
      const made = { ...output(), landmarks, trajectory: [landmarks], logScale: logScale as tf.Tensor2D };
      return loss.evaluate(made, tf.fill([1, 1, 2], 0.5) as tf.Tensor3D, tf.ones([1, 1])).total;
    });
    const slope = (b: number) => read(byScale(tf.tensor2d([[Math.log(b)]])));
    expect(slope(0.04)).toBeCloseTo(0, 4);
    expect(slope(0.02)).toBeLessThan(-1);
    expect(slope(0.08)).toBeGreaterThan(0.5);
  });
});

function read(tensor: tf.Tensor): number {
  return tensor.dataSync()[0]!;
}

/** What the loss teaches: the tensors of an output that it has a gradient by. */
function taught(name: string): tf.Tensor[] {
  const { landmarks, heatmaps, logScale } = output();
  if (name in heatmapLosses) return [heatmaps];
  return name === 'laplace-nll' ? [landmarks, logScale] : [landmarks];
}

/** An output of which some tensors, told apart by their rank, are others. */
function output(changed: readonly tf.Tensor[] = []) {
  const chosen = <T extends tf.Tensor>(tensor: T) =>
    (changed.find(({ rank }) => rank === tensor.rank) ?? tensor) as T;
  const landmarks = chosen(formulaTensor<tf.Tensor3D>('predicted', [BATCH, LANDMARKS, 2], 0.3, 0.7));
  return {
    features: tf.zeros([BATCH, 1, 1, 1]) as tf.Tensor4D,
    landmarks,
    trajectory: [formulaTensor<tf.Tensor3D>('first', [BATCH, LANDMARKS, 2], 0.3, 0.7), landmarks],
    logScale: chosen(formulaTensor<tf.Tensor2D>('logScale', [BATCH, LANDMARKS], -4, -1)),
    heatmaps: chosen(formulaTensor<tf.Tensor4D>('heat', [BATCH, HEIGHT, WIDTH, LANDMARKS], -0.3, 1.2)),
  };
}

function truth(): tf.Tensor3D {
  return formulaTensor('truth', [BATCH, LANDMARKS, 2], 0.2, 0.8);
}

function present(): tf.Tensor2D {
  return tf.tensor2d([1, 1, 1, 1, 0, 1], [BATCH, LANDMARKS]);
}
