import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/core/engine/engine.ts';
import type { ParameterLayout } from '../../../src/core/nn/parameters.ts';
import { Random } from '../../../src/core/random.ts';
import { type NetworkWeights, Predictor } from '../../../src/core/training/inference.ts';
import { freshWeights } from '../../../src/core/training/state.ts';
import { ENGINES } from '../../support/engines.ts';
import { tinyTraining } from './tiny-training.ts';

const SIZE = { width: 20, height: 16 };
const MEAN_SHAPE = Float32Array.from([0.3, 0.3, 0.7, 0.3, 0.5, 0.7]);

const random = new Random(4);
/** Fresh heads would find the mean shape in every image. */
function drawWeights(layout: ParameterLayout): NetworkWeights {
  const { parameters, statistics } = freshWeights(layout, 1);
  return { parameters: parameters.map((value) => value + random.normal(0, 0.1)), statistics };
}
const drawView = () => Float32Array.from({ length: SIZE.width * SIZE.height }, () => random.normal());

describe.each(ENGINES)('a predictor on %s', (_name, open) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  }, 60_000);

  test('finds the same with weights that are fixed, of each network', async () => {
    const { model } = await tinyTraining();
    const changing = new Predictor(engine, model, SIZE, MEAN_SHAPE);
    const fixed = new Predictor(engine, model, SIZE, MEAN_SHAPE, 'fixed');
    const networks = [drawWeights(model.layout), drawWeights(model.layout)];
    const views = [drawView(), drawView(), drawView()];
    const [first, second] = [
      await changing.predict(networks[0]!, views),
      await changing.predict(networks[1]!, views),
    ];
    for (let repetition = 0; repetition < 2; repetition++) {
      expectSame(await fixed.predict(networks[0]!, views), first);
      expectSame(await fixed.predict(networks[1]!, views), second);
    }
    expect(first).not.toEqual(second);
  });

  test('finds in an image what it finds among others', async () => {
    const { model } = await tinyTraining();
    const weights = drawWeights(model.layout);
    const predictor = new Predictor(engine, model, SIZE, MEAN_SHAPE);
    const views = Array.from({ length: 18 }, drawView);
    const together = await predictor.predict(weights, views);
    expectSame(together.slice(16), await predictor.predict(weights, views.slice(16)));
    expectSame(together.slice(5, 6), await predictor.predict(weights, views.slice(5, 6)));
  });

  test('leaves no tensor behind', async () => {
    const { model } = await tinyTraining();
    const weights = drawWeights(model.layout);
    const predictor = new Predictor(engine, model, SIZE, MEAN_SHAPE, 'fixed');
    await predictor.predict(weights, [drawView()]);
    const before = tf.memory().numTensors;
    await predictor.predict(weights, [drawView()]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

function expectSame(actual: readonly Float32Array[], expected: readonly Float32Array[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [view, landmarks] of actual.entries()) {
    for (const [i, value] of landmarks.entries()) expect(value).toBeCloseTo(expected[view]![i]!, 5);
  }
}
