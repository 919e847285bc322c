import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { forwardPass } from '../../../src/core/nn/forward.ts';
import { constant } from '../../../src/core/nn/initializers.ts';
import { batchNorm } from '../../../src/core/nn/layers/batch-norm.ts';
import {
  type GraphLayerMaker,
  graphConvolution,
  graphResidualBlock,
} from '../../../src/core/nn/layers/graph-convolution.ts';
import { upsample } from '../../../src/core/nn/layers/resample.ts';
import { transformPoints, warpMaps } from '../../../src/core/nn/layers/warp.ts';
import { ParameterLayout, ParameterScope } from '../../../src/core/nn/parameters.ts';
import expected from '../../fixtures/gcn/expected.json' with { type: 'json' };
import { ENGINES } from '../../support/engines.ts';
import { expectClose, expectSummary } from '../../support/expect-close.ts';
import { gradientError, randomInput } from '../../support/finite-differences.ts';
import { formulaTensor } from '../../support/formula.ts';

/** The fixtures were made in float64; single layers in float32 stay within some units of the last place. */
const ABSOLUTE = 2e-5;
const RELATIVE = { tolerance: 2e-5 };
/** Central differences of float32 functions. */
const FINITE_DIFFERENCES = 3e-3;

describe.each(ENGINES)('layers on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  describe('graph convolution', () => {
    it('is W1 f_i + b + sum_j e_ij W2 f_j', () => {
      const edges = () =>
        tf.tensor2d([
          [1, 2],
          [0, -1],
        ]);
      const layout = new ParameterLayout();
      const layer = graphConvolution(edges)(new ParameterScope(layout), 2, 1);
      // f_1 = [1, 2], f_2 = [3, -1]; W1 = [1, 10], b = 0.5, W2 = [100, 1000]; e = [[1, 2], [0, -1]].
      const parameters = [tf.tensor2d([[1], [10]]), tf.tensor1d([0.5]), tf.tensor2d([[100], [1000]])];
      const nodes = tf.tensor3d([[[1, 2]], [[3, -1]]]);
      const out = layer(nodes, forwardPass(layout, parameters, []));
      expect(layout.parameters.map(({ name }) => name)).toEqual([
        'self.kernel',
        'self.bias',
        'neighbours.kernel',
      ]);
      expect([...out.dataSync()]).toEqual([21.5 + 2100 - 2 * 700, -6.5 + 700]);
    });

    it.each([
      ['one', (scope: ParameterScope, layer: GraphLayerMaker) => layer(scope, 4, 4)],
      [
        'two with a shortcut',
        (scope: ParameterScope, layer: GraphLayerMaker) => graphResidualBlock(scope, 4, layer),
      ],
    ])('%s learns features, edges and weights by the right gradient', (_case, make) => {
      const layout = new ParameterLayout();
      const scope = new ParameterScope(layout);
      const edges = scope.parameter('edges', [3, 3], constant(0));
      const layer = make(
        scope,
        graphConvolution((pass) => pass.parameter(edges) as tf.Tensor2D),
      );
      const weights = layout.parameters.map(({ shape }, i) => randomInput(shape, { seed: 9 + i }));
      const error = gradientError(
        (nodes, ...parameters) => layer(nodes as tf.Tensor3D, forwardPass(layout, parameters, [])),
        [randomInput([3, 2, 4]), ...weights],
        { step: 1e-3 },
      );
      expect(error).toBeLessThan(FINITE_DIFFERENCES);
    });
  });

  describe('enlarging maps', () => {
    it.each([
      ['bilinear', 2],
      ['bilinear', 4],
      ['nearest', 2],
      ['nearest', 4],
    ] as const)('%s, %d times, is what PyTorch does', (interpolation, factor) => {
      const maps = formulaTensor<tf.Tensor4D>('small', [2, 3, 4, 2]);
      const wanted = expected.upsampling[`${interpolation} ${factor}`];
      expectSummary(upsample(maps, factor, interpolation), wanted, RELATIVE, interpolation);
    });
  });

  describe('batch norm', () => {
    const layout = new ParameterLayout();
    const layer = batchNorm(new ParameterScope(layout), 2);
    const maps = () => formulaTensor<tf.Tensor4D>('normed', [3, 4, 5, 2], -1, 3);
    const affine = () => [formulaTensor('scale', [2], 0.5, 1.5), formulaTensor('offset', [2])];
    const statistics = () => [formulaTensor('mean', [2]), formulaTensor('variance', [2], 0.5, 1.5)];

    it('in inference uses the stored statistics', () => {
      const out = layer(maps(), forwardPass(layout, affine(), statistics()));
      expectSummary(out, expected.batchNorm.inference, RELATIVE, 'output');
    });

    it('in training uses the batch, and reports what PyTorch would average in', () => {
      const observed = new Map<string, tf.Tensor>();
      const out = layer(maps(), forwardPass(layout, affine(), [], observed));
      expectSummary(out, expected.batchNorm.training, RELATIVE, 'output');
      for (const [i, name] of ['mean', 'variance'].entries()) {
        const running = tf.add(tf.mul(statistics()[i]!, 0.9), tf.mul(observed.get(name)!, 0.1));
        expectClose(running, expected.batchNorm.running[i], ABSOLUTE, name);
      }
    });

    it('in training passes the right gradient back', () => {
      const mixture = formulaTensor('mixture', [3, 4, 5, 2]);
      const pass = forwardPass(layout, affine(), [], new Map());
      const gradient = tf.grad((x) => tf.sum(tf.mul(layer(x as tf.Tensor4D, pass), mixture)))(maps());
      expectSummary(gradient, expected.batchNorm.gradient, { tolerance: 1e-4 }, 'gradient');
    });
  });

  describe('carrying maps and landmarks to another view', () => {
    it.each(Object.entries(expected.warps))('%s is what SciPy gives', (_case, warp) => {
      const matrices = tf.tensor3d([warp.matrix]);
      const maps = formulaTensor<tf.Tensor4D>('warped', [1, 6, 9, 2]);
      const moved = warpMaps(maps, matrices);
      expectClose(moved.maps, warp.maps, ABSOLUTE, 'maps');
      expectClose(moved.valid, warp.valid, 1e-6, 'valid');
      const points = formulaTensor<tf.Tensor3D>('carried', [1, 4, 2], 0, 1);
      expectClose(transformPoints(points, matrices), warp.points, ABSOLUTE, 'points');
    });

    it('keeps a landmark on what it marks: a bright pixel is found where its point goes', () => {
      const [height, width] = [24, 36];
      const image = tf.buffer([1, height, width, 1]);
      image.set(1, 0, 8, 20, 0);
      const matrices = tf.tensor3d([
        [
          [0.9, -0.3, 0.25],
          [0.35, 0.8, -0.05],
        ],
      ]);
      const point = tf.tensor3d([[[20.5 / width, 8.5 / height]]]);
      const moved = warpMaps(image.toTensor() as tf.Tensor4D, matrices).maps.dataSync();
      const [x, y] = transformPoints(point, matrices).dataSync() as unknown as [number, number];
      const found = centreOfMass(moved, width);
      expect(found.x).toBeCloseTo(x * width, 0);
      expect(found.y).toBeCloseTo(y * height, 0);
    });

    it('treats the images of a batch one by one', () => {
      const maps = formulaTensor<tf.Tensor4D>('warped', [1, 6, 9, 2]);
      const both = [expected.warps.flip, expected.warps['rotation and shear']];
      const moved = warpMaps(
        tf.concat([maps, maps]) as tf.Tensor4D,
        tf.tensor3d(both.map(({ matrix }) => matrix)),
      );
      expectClose(
        moved.maps,
        both.map((warp) => warp.maps),
        ABSOLUTE,
      );
    });
  });
});

function centreOfMass(values: ArrayLike<number>, width: number): { x: number; y: number } {
  let [mass, x, y] = [0, 0, 0];
  for (const [i, value] of Array.from(values).entries()) {
    mass += value;
    x += value * ((i % width) + 0.5);
    y += value * (Math.floor(i / width) + 0.5);
  }
  return { x: x / mass, y: y / mass };
}
