import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Anatomy } from '../../../src/core/nn/model.ts';
import { ENGINES } from '../../support/engines.ts';
import { expectClose } from '../../support/expect-close.ts';
import { ANATOMY, declareHead, FEATURE_CHANNELS, parameterValues } from './declare-head.ts';

/** One graph convolution and one move: a message goes along one edge. */
const ONE_STEP = { hidden: 8, blocks: 0, localSteps: 1, global: false };
const SIZE = 20;

const anatomical = { ...ONE_STEP, type: 'dag-fixed', topology: 'anatomical' };
const nearest = { ...ONE_STEP, type: 'dag-fixed', topology: 'nearest', neighbours: 1 };

/** On a line: 0 and 1 lie near each other, 2 is nearest to 1 and 3 to 2. */
const LINE: Anatomy = {
  landmarkCount: 4,
  meanShape: Float32Array.of(0.1, 0.5, 0.2, 0.5, 0.45, 0.5, 0.85, 0.5),
  edges: [],
};

describe.each(ENGINES)('the graph with fixed edges on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  it.each([
    ['anatomical edges', anatomical, ANATOMY, ['01', '12']],
    ['edges to the nearest landmark, in both directions', nearest, LINE, ['01', '12', '23']],
  ])('passes messages along its %s alone', async (_case, reference, anatomy, joined) => {
    const { layout, run } = await declareHead(reference, anatomy);
    const blocks = layout.parameters.map((slot) => tf.tensor(parameterValues(slot), [...slot.shape]));
    const moves = (maps: tf.Tensor4D) => tf.sub(run(maps, blocks).landmarks, run(empty(), blocks).landmarks);
    for (let spoken = 0; spoken < anatomy.landmarkCount; spoken++) {
      const moved = tf.max(tf.abs(moves(litAt(anatomy, spoken))), [0, 2]).dataSync();
      const heard = [...moved].map((distance) => distance > 1e-4);
      const expected = heard.map(
        (_, own) => own === spoken || joined.includes(`${Math.min(own, spoken)}${Math.max(own, spoken)}`),
      );
      expect(heard, `what landmark ${spoken} says`).toEqual(expected);
    }
  });

  it('is dag with the mean over neighbours for its edge matrix, and learns none', async () => {
    const fixed = await declareHead({ ...anatomical, blocks: 1, localSteps: 2 });
    const learned = await declareHead({ ...ONE_STEP, type: 'dag', blocks: 1, localSteps: 2 });
    const edges = tf.tensor2d([
      [0, 1, 0, 0],
      [0.5, 0, 0.5, 0],
      [0, 1, 0, 0],
      [0, 0, 0, 0],
    ]);
    const blocksOf = ({ layout }: typeof fixed) =>
      layout.parameters.map((slot) =>
        slot.name.endsWith('.edges') ? edges : tf.tensor(parameterValues(slot), [...slot.shape]),
      );
    const maps = litAt(ANATOMY, 1);
    const { landmarks } = fixed.run(maps, blocksOf(fixed));
    expectClose(landmarks, [...learned.run(maps, blocksOf(learned)).landmarks.dataSync()], 1e-6);
    expect(fixed.layout.parameters.filter(({ name }) => name.includes('edges'))).toEqual([]);
    expect(fixed.head.edgeMatrices).toEqual([]);
  });
});

describe('a graph with fixed edges', () => {
  it('is not made without edges where the dataset has none', async () => {
    await expect(declareHead(anatomical, LINE)).rejects.toMatchObject({
      code: 'FSX_HEAD_NO_EDGES',
      suggestion: expect.stringContaining('nearest'),
    });
  });
});

function empty(): tf.Tensor4D {
  return tf.zeros([1, SIZE, SIZE, FEATURE_CHANNELS]);
}

/** A feature map that is empty but for where one landmark of the mean shape reads it. */
function litAt({ meanShape }: Anatomy, landmark: number): tf.Tensor4D {
  const maps = tf.buffer([1, SIZE, SIZE, FEATURE_CHANNELS]);
  const [x, y] = [meanShape[2 * landmark]! * SIZE - 0.5, meanShape[2 * landmark + 1]! * SIZE - 0.5];
  for (const row of [Math.floor(y), Math.ceil(y)]) {
    for (const column of [Math.floor(x), Math.ceil(x)]) {
      for (let channel = 0; channel < FEATURE_CHANNELS; channel++) maps.set(1, 0, row, column, channel);
    }
  }
  return maps.toTensor() as tf.Tensor4D;
}
