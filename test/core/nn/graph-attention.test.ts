import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { forwardPass } from '../../../src/core/nn/forward.ts';
import { graphAttention } from '../../../src/core/nn/layers/graph-attention.ts';
import { ParameterLayout, ParameterScope } from '../../../src/core/nn/parameters.ts';
import expected from '../../fixtures/heads/expected.json' with { type: 'json' };
import { ENGINES } from '../../support/engines.ts';
import { expectClose } from '../../support/expect-close.ts';
import { gradientError, randomInput } from '../../support/finite-differences.ts';
import { formulaTensor } from '../../support/formula.ts';

const [NODES, BATCH, FROM, TO, HEADS] = [4, 2, 5, 6, 3];

const layout = new ParameterLayout();
const layer = graphAttention(HEADS)(new ParameterScope(layout), FROM, TO);

describe.each(ENGINES)('graph attention on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  it('is what the equations of the paper give, node by node', () => {
    expectClose(run(nodes(), parameters()), expected.attention, 1e-5);
  });

  it('does not care for the order of the nodes', () => {
    const order = tf.tensor1d([2, 0, 3, 1], 'int32');
    const reordered = run(tf.gather(nodes(), order), parameters());
    expectClose(reordered, tf.gather(run(nodes(), parameters()), order).arraySync(), 1e-5);
  });

  it('learns features, weights and attention by the right gradient', () => {
    const weights = layout.parameters.map(({ shape }, i) => randomInput(shape, { seed: 10 + i }));
    const error = gradientError(
      (features, ...blocks) => run(features as tf.Tensor3D, blocks),
      [randomInput([NODES, BATCH, FROM]), ...weights],
      { step: 1e-3 },
    );
    expect(error).toBeLessThan(3e-3);
  });
});

function run(features: tf.Tensor3D, blocks: readonly tf.Tensor[]): tf.Tensor3D {
  return layer(features, forwardPass(layout, blocks, []));
}

function nodes(): tf.Tensor3D {
  return formulaTensor('nodes', [NODES, BATCH, FROM]);
}

function parameters(): tf.Tensor[] {
  return layout.parameters.map(({ name, shape }) => formulaTensor(name, shape));
}
