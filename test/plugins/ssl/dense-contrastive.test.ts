import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { sampleBilinear } from '../../../src/core/engine/ops/sample-bilinear.ts';
import { forwardPass, unflatten } from '../../../src/core/nn/forward.ts';
import { type StateVectors, toTensors } from '../../../src/core/training/state.ts';
import type { UnlabeledBatch } from '../../../src/core/training/strategy.ts';
import { mapsIntoStrongView, pointsIntoStrongView } from '../../../src/core/training/view-change.ts';
import { denseContrastive } from '../../../src/plugins/ssl/dense-contrastive.ts';
import { type TinyTraining, tinyInputs, tinyTraining, train } from '../../core/training/tiny-training.ts';
import { ENGINES } from '../../support/engines.ts';
import { formulaTensor } from '../../support/formula.ts';
import { context, l1Loss, outputOf, SHIFT, strategyStep } from './strategy-steps.ts';

const GRID = 4;
const OPTIONS = { grid: GRID, temperature: 0.1 };
const STEPS = 40;

describe.each(ENGINES)('dense contrastive learning on %s', (_name, open) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  }, 60_000);

  it("makes the same place of two views each other's nearest neighbours in a few steps", async () => {
    const training = await tinyTraining({ ssl: { type: 'dense-contrastive', ...OPTIONS } });
    const run = engine.compile('contrast', training.run);
    const { losses, end } = await train(run, training, { to: STEPS, inputs: matchingViews });
    expect(losses.at(-1)! / losses[0]!).toBeLessThan(0.6);
    const before = shareOfMatches(training, training.start);
    const after = shareOfMatches(training, end);
    expect(after).toBeGreaterThan(0.8);
    expect(after).toBeGreaterThan(before);
  });

  it('leaves the head and its optimizer alone, weight decay included', async () => {
    const training = await tinyTraining({
      ssl: { type: 'dense-contrastive', ...OPTIONS },
      weightDecay: 0.1,
    });
    const { end } = await train(engine.compile('contrast', training.run), training);
    for (const { name, offset, size } of training.model.layout.parameters) {
      const block = (state: StateVectors, vector: string) => state[vector]!.slice(offset, offset + size);
      if (!name.startsWith('head.')) {
        expect(block(end, 'student.parameters'), name).not.toEqual(
          block(training.start, 'student.parameters'),
        );
        continue;
      }
      for (const vector of ['student.parameters', 'optimizer.first', 'optimizer.second']) {
        expect(block(end, vector), `${vector} of ${name}`).toEqual(block(training.start, vector));
      }
    }
  });

  it('does not look at places that only one of the views shows', () => {
    const [weak, strong] = [maps('weak'), maps('strong')];
    const before = contrast(weak, strong);
    const lastColumn = (map: tf.Tensor4D, fromLeft: boolean) => {
      const column = tf.ones([2, 4, 1, 3]);
      const rest = tf.zeros([2, 4, 4, 3]);
      return tf.add(map, tf.concat(fromLeft ? [column, rest] : [rest, column], 2)) as tf.Tensor4D;
    };
    // Half of the weak view moved out of the strong one, whose left half shows nothing of it.
    expect(contrast(lastColumn(weak, false), lastColumn(strong, true))).toBeCloseTo(before, 6);
    expect(contrast(lastColumn(weak, true), strong)).not.toBeCloseTo(before, 3);
    const away = [
      [1, 0, 2],
      [0, 1, 0],
    ];
    expect(contrast(weak, strong, away)).toBe(0);
  });
});

/** The loss of a backbone that gives these maps. */
function contrast(weak: tf.Tensor4D, strong: tf.Tensor4D, matrix = SHIFT): number {
  const strategy = denseContrastive.create(OPTIONS, context);
  const { total } = strategy.loss({
    ...strategyStep({ matrices: [matrix, matrix] }),
    lesson: {},
    supervisedLoss: l1Loss(),
    student: () => outputOf(tf.zeros([4, 2, 2])),
    features: () => tf.concat([weak, strong]) as tf.Tensor4D,
  });
  return total.dataSync()[0]!;
}

function maps(name: string): tf.Tensor4D {
  return formulaTensor(name, [2, 4, 5, 3]);
}

/** The inputs of the first step, whose strong views show the weak ones shifted by a cell of the feature map. */
function matchingViews(training: TinyTraining): tf.NamedTensorMap {
  const inputs = tinyInputs(training, 1);
  const { 'unlabeled.displacement': displacement, 'unlabeled.strong': noise, ...rest } = inputs;
  tf.dispose([displacement!, noise!, rest['unlabeled.weakToStrong']!]);
  const weakToStrong = tf.tensor3d([1, 0, 0.2, 0, 1, 0, 1, 0, 0, 0, 1, 0.25], [2, 2, 3]);
  const strong = tf.tidy(
    () => mapsIntoStrongView(rest['unlabeled.weak'] as tf.Tensor4D, { ...change(rest), weakToStrong }).maps,
  );
  return { ...rest, 'unlabeled.strong': strong, 'unlabeled.weakToStrong': weakToStrong };
}

function change(inputs: tf.NamedTensorMap): UnlabeledBatch {
  const named = Object.entries(inputs).map(([name, value]) => [name.replace('unlabeled.', ''), value]);
  return Object.fromEntries(named) as unknown as UnlabeledBatch;
}

/** The part of the grid's points in view whose most similar place of the strong view is their own. */
function shareOfMatches(training: TinyTraining, state: StateVectors): number {
  return tf.tidy(() => {
    const inputs = change(matchingViews(training));
    const { layout, backbone } = training.model;
    const vectors = toTensors(state, training.layout);
    const blocks = unflatten(vectors['student.parameters'] as tf.Tensor1D, layout.parameters);
    const pass = forwardPass(layout, blocks, [], new Map());
    const features = backbone.forward(tf.concat([inputs.weak, inputs.strong]) as tf.Tensor4D, pass);
    const [weak, strong] = tf.split(features, 2) as [tf.Tensor4D, tf.Tensor4D];
    const along = Array.from({ length: GRID }, (_, i) => (i + 0.5) / GRID);
    const grid = along.flatMap((y) => along.flatMap((x) => [x, y]));
    const points = tf.tensor3d([...grid, ...grid], [2, GRID * GRID, 2]);
    const carried = pointsIntoStrongView(points, inputs);
    const unit = (values: tf.Tensor) => tf.div(values, tf.norm(values, 'euclidean', 2, true));
    const [from, to] = [unit(sampleBilinear(weak, points)), unit(sampleBilinear(strong, carried))];
    const nearest = tf.argMax(tf.matMul(from, to, false, true), 2).arraySync() as number[][];
    const places = carried.arraySync();
    const inView = nearest.map((row, image) =>
      row.flatMap((found, i) =>
        places[image]![i]!.every((value) => value > 0 && value < 1) ? [found === i] : [],
      ),
    );
    const matches = inView.flat();
    return matches.filter(Boolean).length / matches.length;
  });
}
