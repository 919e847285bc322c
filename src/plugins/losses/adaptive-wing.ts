import {
  abs,
  add,
  cast,
  div,
  exp,
  greaterEqual,
  log,
  maxPool,
  minimum,
  mul,
  pow,
  sub,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { type Static, Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import {
  gaussianHeatmaps,
  heatmapTargetOptions,
  meanOverHeatmaps,
  sigmaPx,
} from '../../core/training/heatmap-targets.ts';
import type { LandmarkLoss } from '../../core/training/strategy.ts';

const options = Type.Object(
  {
    ...heatmapTargetOptions,
    alpha: Type.Number({
      description:
        'α: the exponent is α - y, so that the loss is steep at a landmark (y = 1) and flat far from it.',
      default: 2.1,
      exclusiveMinimum: 2,
    }),
    omega: Type.Number({
      description: 'ω, the height of the logarithmic part.',
      default: 14,
      exclusiveMinimum: 0,
    }),
    epsilon: Type.Number({
      description: 'ε, how sharply the logarithm bends.',
      default: 1,
      exclusiveMinimum: 0,
    }),
    theta: Type.Number({
      description: 'θ, the difference of heat from which on the loss is linear.',
      default: 0.5,
      exclusiveMinimum: 0,
    }),
    foregroundWeight: Type.Number({
      description: 'W: pixels in or beside the bright part of the target count 1 + W times.',
      default: 10,
      minimum: 0,
    }),
  },
  { additionalProperties: false },
);

type AdaptiveWingOptions = Static<typeof options>;

/** Target heat from which on a pixel, or one beside it, is foreground. */
const FOREGROUND = 0.2;

/**
 * For a target y and a difference d of heat: `ω ln(1 + (d / ε)^(α - y))` below θ, and a line of the same slope beyond;
 * summed over the map in units of the area of a Gaussian.
 */
export const adaptiveWing = definePlugin({
  kind: 'loss',
  type: 'adaptive-wing',
  compares: 'landmarks',
  summary: 'Adaptive wing loss of heatmaps: exact near landmarks, tolerant of small errors elsewhere',
  source: 'Wang et al., Adaptive Wing Loss for Robust Face Alignment via Heatmap Regression, ICCV 2019',
  options,
  create: (chosen): LandmarkLoss => ({
    compares: 'landmarks',
    needs: ['heatmaps'],
    evaluate: ({ heatmaps }, points, weight) => {
      const [, height, width] = heatmaps!.shape;
      const sigma = sigmaPx(chosen, heatmaps!);
      const targets = gaussianHeatmaps(points, { height, width, sigma });
      const costs = mul(bent(abs(sub(heatmaps!, targets)), targets, chosen), emphasis(targets, chosen));
      const total = meanOverHeatmaps(costs as Tensor4D, weight, sigma);
      return { total, parts: { adaptive_wing: total } };
    },
  }),
});

/** One formula for both branches: the logarithm stops growing at θ, where the linear part begins. */
function bent(difference: Tensor, targets: Tensor, chosen: AdaptiveWingOptions): Tensor {
  const { alpha, omega, epsilon, theta } = chosen;
  const exponent = sub(alpha, targets);
  const near = minimum(difference, theta);
  const atTheta = exp(mul(exponent, Math.log(theta / epsilon)));
  const slope = div(mul(mul(exponent, omega / theta), atTheta), add(atTheta, 1));
  const logarithmic = mul(log(add(pow(div(near, epsilon), exponent), 1)), omega);
  return add(logarithmic, mul(slope, sub(difference, near)));
}

/** `1 + W M`, M being 1 in the bright part of the target, grown by a pixel. */
function emphasis(targets: Tensor4D, { foregroundWeight }: AdaptiveWingOptions): Tensor {
  const grown = maxPool(targets, 3, 1, 'same');
  return add(mul(cast(greaterEqual(grown, FOREGROUND), 'float32'), foregroundWeight), 1);
}
