import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { forwardPass } from '../../../src/core/nn/forward.ts';
import { ParameterLayout, ParameterScope } from '../../../src/core/nn/parameters.ts';
import { scn } from '../../../src/plugins/graph-heads/scn.ts';
import expected from '../../fixtures/heads/expected.json' with { type: 'json' };
import { ENGINES } from '../../support/engines.ts';
import { expectClose } from '../../support/expect-close.ts';
import { formulaTensor } from '../../support/formula.ts';

const layout = new ParameterLayout();
const head = scn.create(
  {
    ...{ hidden: 4, upsampling: 1, downsampling: 4 },
    ...{ configurationChannels: 5, configurationLayers: 2, radius: 1 },
  },
  {
    ...{ scope: new ParameterScope(layout, 'head'), featureChannels: 3 },
    ...{ landmarkCount: 2, meanShape: new Float32Array(4), edges: [] },
  },
);

describe.each(ENGINES)('the spatial configuration network on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  it('multiplies local heatmaps by the configuration, as SciPy computes both', () => {
    const blocks = layout.parameters.map(({ name, shape }) =>
      /norm/.test(name) ? formulaTensor(name, shape, 0.5, 1.5) : formulaTensor(name, shape),
    );
    const statistics = layout.statistics.map(({ name, shape }) => formulaTensor(name, shape, 0.5, 1.5));
    const maps = formulaTensor<tf.Tensor4D>('features', [1, 8, 12, 3]);
    const { heatmaps } = head.forward(maps, tf.zeros([2, 2]), forwardPass(layout, blocks, statistics));
    expect(heatmaps!.shape).toEqual([1, 8, 12, 2]);
    expectClose(heatmaps!, expected.configuration, 1e-4);
  });
});
