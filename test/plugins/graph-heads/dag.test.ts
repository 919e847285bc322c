import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { forwardPass } from '../../../src/core/nn/forward.ts';
import type { HeadOutput } from '../../../src/core/nn/model.ts';
import { ParameterLayout, ParameterScope } from '../../../src/core/nn/parameters.ts';
import { dag } from '../../../src/plugins/graph-heads/dag.ts';
import { dagLoss } from '../../../src/plugins/losses/dag.ts';
import expected from '../../fixtures/gcn/expected.json' with { type: 'json' };
import { ENGINES } from '../../support/engines.ts';
import { expectClose, expectSummary } from '../../support/expect-close.ts';
import { gradientError, type TestInput } from '../../support/finite-differences.ts';
import { formula, formulaTensor } from '../../support/formula.ts';

/** `make_fixture.py` shrinks the last layers by this, so that landmarks stay in the image. */
const LAST_SCALE = 0.05;
const NODES = 5;

const layout = new ParameterLayout();
const head = dag.create(
  { hidden: 8, blocks: 2, localSteps: 3, global: true, uncertainty: false },
  {
    ...{ scope: new ParameterScope(layout, 'head'), featureChannels: 4 },
    ...{ landmarkCount: NODES, meanShape: new Float32Array(NODES * 2), edges: [] },
  },
);

describe.each(ENGINES)('the deep adaptive graph on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  it('starts as the mean shape: both last layers are zero', () => {
    const parameters = layout.parameters.map(({ name, shape }) =>
      name.includes('.last.') ? tf.zeros([...shape]) : formulaTensor(name, shape),
    );
    const { trajectory } = run(features(), parameters);
    expect(trajectory).toHaveLength(4);
    const shape = [...meanShape().dataSync()];
    for (const points of trajectory) expectClose(points, [...shape, ...shape], 1e-6);
  });

  it('takes the steps of an independent PyTorch implementation', () => {
    const { trajectory, landmarks } = run(features(), parameters());
    expect(landmarks).toBe(trajectory.at(-1));
    for (const [step, points] of trajectory.entries()) {
      expectClose(points, expected.head.trajectory[step], 2e-5, `step ${step}`);
    }
  });

  it('has its loss and gradients', () => {
    const loss = dagLoss.create({ globalWeight: 0.5, localWeight: 2, margin: 0.05, deepSupervision: 0 }, {});
    if (loss.compares !== 'landmarks') throw new Error('the dag loss compares landmarks');
    const truth = formulaTensor<tf.Tensor3D>('truth', [2, NODES, 2], 0.2, 0.8);
    const present = tf.tensor2d([1, 1, 1, 1, 1, 1, 1, 0, 1, 1], [2, NODES]);
    const evaluate = (maps: tf.Tensor, ...blocks: tf.Tensor[]) =>
      loss.evaluate({ features: features(), ...run(maps as tf.Tensor4D, blocks) }, truth, present);
    const { total, parts } = evaluate(features(), ...parameters());
    expect(parts.local!.dataSync()[0]).toBeCloseTo(expected.head.local, 5);
    expect(parts.global!.dataSync()[0]).toBeCloseTo(expected.head.global, 5);
    expect(total.dataSync()[0]).toBeCloseTo(2 * expected.head.local + 0.5 * expected.head.global, 5);
    const [byFeatures, ...gradients] = tf.grads((maps, ...blocks) => evaluate(maps!, ...blocks).total)([
      features(),
      ...parameters(),
    ]);
    expectSummary(byFeatures!, expected.head.gradients.features, { tolerance: 1e-3 }, 'features');
    for (const [name, summary] of Object.entries(expected.head.gradients)) {
      const index = layout.parameters.findIndex((slot) => slot.name === name);
      if (name !== 'features') expectSummary(gradients[index]!, summary, { tolerance: 1e-3 }, name);
    }
  });

  it('learns by the right gradient, as a whole', () => {
    const moved = layout.parameters.filter(({ name }) => /edges|last|first\.self\.kernel/.test(name));
    const blocksWith = (chosen: readonly tf.Tensor[]) =>
      parameters().map((block, i) => chosen[moved.indexOf(layout.parameters[i]!)] ?? block);
    const error = gradientError(
      (maps, ...chosen) => run(maps as tf.Tensor4D, blocksWith(chosen)).landmarks,
      [input('features', [2, 6, 9, 4]), ...moved.map(blockInput)],
      { step: 2e-3, elements: 2 },
    );
    expect(error).toBeLessThan(2e-2);
  });

  it('keeps landmarks finite when the predicted transform would send them to infinity', () => {
    const parameters = layout.parameters.map(({ name, shape }) =>
      name === 'head.global.last.bias'
        ? tf.tensor1d([0, 0, 0, 0, 0, 0, -5, -5, -1])
        : name.includes('.last.')
          ? tf.zeros([...shape])
          : formulaTensor(name, shape),
    );
    const values = [...run(features(), parameters).landmarks.dataSync()];
    expect(values.every((value) => Math.abs(value) < 10)).toBe(true);
  });
});

describe('what a report draws', () => {
  it('is the edge matrices that exist', () => {
    expect(head.edgeMatrices).toEqual(['head.global.edges', 'head.local.edges']);
    const localOnly = dag.create(
      { hidden: 4, blocks: 0, localSteps: 1, global: false, uncertainty: false },
      {
        ...{ scope: new ParameterScope(new ParameterLayout(), 'h'), featureChannels: 2 },
        ...{ landmarkCount: 3, meanShape: new Float32Array(6), edges: [] },
      },
    );
    expect(localOnly.edgeMatrices).toEqual(['h.local.edges']);
  });
});

function run(maps: tf.Tensor4D, blocks: readonly tf.Tensor[]): HeadOutput {
  return head.forward(maps, meanShape(), forwardPass(layout, blocks, []));
}

function features(): tf.Tensor4D {
  return formulaTensor('features', [2, 6, 9, 4]);
}

function meanShape(): tf.Tensor2D {
  return formulaTensor('meanShape', [NODES, 2], 0.3, 0.7);
}

function parameters(): tf.Tensor[] {
  return layout.parameters.map((slot) => {
    const { values, shape } = blockInput(slot);
    return tf.tensor(values, [...shape]);
  });
}

/** The weights of `make_fixture.py`. */
function blockInput({
  name,
  shape,
}: {
  readonly name: string;
  readonly shape: readonly number[];
}): TestInput {
  const { values } = input(name, shape);
  if (name.endsWith('.edges')) return { values: values.map((v) => (v + 1) / NODES), shape };
  return { values: values.map((v) => v * 0.5 * (name.includes('.last.') ? LAST_SCALE : 1)), shape };
}

function input(name: string, shape: readonly number[]): TestInput {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { values: formula(name, size).map((u) => 2 * u - 1), shape };
}
