import type * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { unflatten } from '../../../src/core/nn/forward.ts';
import type { ParameterLayout } from '../../../src/core/nn/parameters.ts';
import type { PluginReference } from '../../../src/core/plugins/definition.ts';
import { tinyTraining, train } from '../../core/training/tiny-training.ts';
import { ENGINES } from '../../support/engines.ts';
import { expectClose } from '../../support/expect-close.ts';
import { gradientError, randomInput } from '../../support/finite-differences.ts';
import { formulaTensor } from '../../support/formula.ts';
import { ANATOMY, declareHead, FEATURE_CHANNELS, parameterValues } from './declare-head.ts';

const [BATCH, HEIGHT, WIDTH] = [2, 6, 9];
const LANDMARKS = ANATOMY.landmarkCount;
const MEAN_SHAPE = [...ANATOMY.meanShape];

/** Of float32 functions with many ReLUs, some of which turn within a step; a wrong term is off by far more. */
const GRADIENT_TOLERANCE = 3e-2;

const graph = { hidden: 8, blocks: 1, localSteps: 2 };
const maps = { hidden: 5, upsampling: 2 };
const scn = {
  ...maps,
  type: 'scn',
  downsampling: 2,
  configurationChannels: 4,
  configurationLayers: 1,
  radius: 1,
};

/** Each head, small, with a loss that suits it. */
const HEADS: readonly { readonly head: PluginReference; readonly loss: string }[] = [
  { head: { ...graph, type: 'dag' }, loss: 'dag' },
  { head: { ...graph, type: 'dag' }, loss: 'global-margin' },
  { head: { ...graph, type: 'dag-fixed', neighbours: 1 }, loss: 'l1' },
  { head: { ...graph, type: 'dag-fixed', topology: 'anatomical' }, loss: 'smooth-l1' },
  { head: { ...graph, type: 'gat', attentionHeads: 2 }, loss: 'wing' },
  { head: { ...maps, type: 'soft-argmax' }, loss: 'l1' },
  { head: { type: 'regression', hidden: 8 }, loss: 'smooth-l1' },
  { head: { ...maps, type: 'heatmap' }, loss: 'heatmap-mse' },
  { head: { ...maps, type: 'heatmap', upsampling: 4 }, loss: 'adaptive-wing' },
  { head: scn, loss: 'adaptive-wing' },
];

const UNSURE = ['dag', 'dag-fixed', 'gat', 'soft-argmax', 'regression'].map((type) => {
  const { head } = HEADS.find((one) => one.head.type === type)!;
  return { head: { ...head, uncertainty: true }, loss: 'laplace-nll' };
});

const named = (rows: typeof HEADS) => rows.map((row) => [`${row.head.type} with ${row.loss}`, row] as const);

describe.each(ENGINES)('a head on %s', (_name, open) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  }, 60_000);

  it.each(['dag', 'dag-fixed', 'gat', 'regression'])('%s starts as the mean shape', async (type) => {
    const { run, initial } = await declareHead(headOf(type));
    for (const points of run(features(), initial()).trajectory) {
      expectClose(points, [...MEAN_SHAPE, ...MEAN_SHAPE], 1e-6);
    }
  });

  it('soft-argmax starts in the middle of the image', async () => {
    const { run, initial } = await declareHead(headOf('soft-argmax'));
    expectClose(run(features(), initial()).landmarks, Array(BATCH * LANDMARKS * 2).fill(0.5), 1e-5);
  });

  it.each(['heatmap', 'scn'])(
    '%s starts with empty heatmaps, and with landmarks all the same',
    async (type) => {
      const { run, initial } = await declareHead(headOf(type));
      const { heatmaps, landmarks, trajectory } = run(features(), initial());
      expect(heatmaps!.shape).toEqual([BATCH, 2 * HEIGHT, 2 * WIDTH, LANDMARKS]);
      expectClose(heatmaps!, Array(heatmaps!.size).fill(0), 1e-6);
      expect(landmarks.shape).toEqual([BATCH, LANDMARKS, 2]);
      expect([...landmarks.dataSync()].every((value) => value >= 0 && value <= 1)).toBe(true);
      expect(trajectory).toEqual([landmarks]);
    },
  );

  it.each(named(HEADS))('%s learns by the right gradient, as a whole', async (_case, { head: reference }) => {
    const { head, layout, run } = await declareHead(reference);
    const taught = head.offers.includes('heatmaps') ? 'heatmaps' : 'landmarks';
    expect(wholeGradientError(layout, (maps, blocks) => run(maps, blocks)[taught]!)).toBeLessThan(
      GRADIENT_TOLERANCE,
    );
  });

  it.each(named(UNSURE))('%s says how sure it is when asked to', async (_case, { head: reference }) => {
    const { head, layout, run, initial } = await declareHead(reference);
    expect(head.offers).toEqual(['coordinates', 'uncertainty']);
    const { logScale, landmarks } = run(features(), initial());
    expect(logScale!.shape).toEqual([BATCH, LANDMARKS]);
    expectClose(logScale!, Array(BATCH * LANDMARKS).fill(Math.log(0.05)), 1e-5);
    expect(wholeGradientError(layout, (maps, blocks) => run(maps, blocks).logScale!)).toBeLessThan(
      GRADIENT_TOLERANCE,
    );
    const plain = await declareHead({ ...reference, uncertainty: false });
    expect(plain.head.offers).toEqual(['coordinates']);
    const output = plain.run(features(), plain.initial());
    expect(output.logScale).toBeUndefined();
    expectClose(output.landmarks, [...landmarks.dataSync()], 1e-6);
  });

  it.each(named([...HEADS, ...UNSURE]))(
    '%s takes compiled steps that move it and leave no tensor behind',
    async (_case, { head, loss }) => {
      const training = await tinyTraining({ ssl: { type: 'supervised' }, head, supervised: { type: loss } });
      const warnings: unknown[] = [];
      const { emitWarning } = process;
      process.emitWarning = ((warning: unknown) => warnings.push(warning)) as typeof process.emitWarning;
      const { losses, counts, end } = await train(engine.compile('tiny', training.run), training);
      process.emitWarning = emitWarning;
      expect(warnings).toEqual([]);
      expect(new Set(counts).size).toBe(1);
      expect(losses.every(Number.isFinite)).toBe(true);
      const start = training.start['student.parameters']!;
      const headMoved = training.model.layout.parameters
        .filter(({ name }) => name.startsWith('head.'))
        .some(({ offset }) => end['student.parameters']![offset] !== start[offset]);
      expect(headMoved).toBe(true);
    },
  );
});

function headOf(type: string): PluginReference {
  return HEADS.find(({ head }) => head.type === type)!.head;
}

function features(): tf.Tensor4D {
  return formulaTensor('features', [BATCH, HEIGHT, WIDTH, FEATURE_CHANNELS]);
}

/** By the feature maps, and by all parameters as one vector. */
function wholeGradientError(
  { parameters, parameterCount }: ParameterLayout,
  run: (maps: tf.Tensor4D, blocks: readonly tf.Tensor[]) => tf.Tensor,
): number {
  const values = new Float32Array(parameterCount);
  for (const slot of parameters) values.set(parameterValues(slot), slot.offset);
  return gradientError(
    (maps, vector) => run(maps as tf.Tensor4D, unflatten(vector as tf.Tensor1D, parameters)),
    [randomInput([BATCH, HEIGHT, WIDTH, FEATURE_CHANNELS]), { values, shape: [parameterCount] }],
    { step: 1e-3, elements: 6 },
  );
}
