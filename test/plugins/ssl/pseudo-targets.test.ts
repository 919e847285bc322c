import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ModelOutput } from '../../../src/core/nn/model.ts';
import type { SslStrategy } from '../../../src/core/training/strategy.ts';
import { pseudoLabel } from '../../../src/plugins/ssl/pseudo-label.ts';
import { stac } from '../../../src/plugins/ssl/stac.ts';
import { tinyTraining, train } from '../../core/training/tiny-training.ts';
import { ENGINES } from '../../support/engines.ts';
import { expectClose } from '../../support/expect-close.ts';
import { gaussians } from '../../support/heatmap-parts.ts';
import {
  context,
  FLIP,
  HEIGHT,
  IDENTITY,
  KEEP,
  landmarksAt,
  learningStep,
  outputOf,
  read,
  SWAP,
  strategyStep,
  unasked,
  WIDTH,
} from './strategy-steps.ts';

const RULE = { confidence: 'threshold', spreadPx: 0.25, views: 4, peak: 0.5 } as const;
const RAMP = { weight: 3, rampFrom: 0.1, rampTo: 0.5 };
const LABELS = pseudoLabel.create({ ...RAMP, ...RULE }, context);
const ONCE = stac.create({ weight: 2, ...RULE }, context);

describe.each(ENGINES)('pseudo labels on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  it('count where the network agrees with itself over moved views, and not at all elsewhere', () => {
    const { weight, targets } = teach(LABELS, aboutDots);
    expectClose(weight!, [1, 0, 0, 1], 1e-6);
    const found = targets!.arraySync() as number[][][];
    expect(found[0]![0]![0]).toBeCloseTo(DOTS[0]!, 2);
    expect(found[1]![1]![0]).toBeCloseTo(1 - DOTS[2]!, 2);
  });

  it('count the less, the less it agrees, when the rule is soft', () => {
    const soft = pseudoLabel.create({ ...RAMP, ...RULE, confidence: 'soft' }, context);
    const loose = pseudoLabel.create({ ...RAMP, ...RULE, confidence: 'soft', spreadPx: 1 }, context);
    const [sure, unsure] = teach(soft, aboutDots).weight!.dataSync();
    const [, lessUnsure] = teach(loose, aboutDots).weight!.dataSync();
    expect(sure).toBeGreaterThan(0.9);
    expect(unsure).toBeLessThan(0.2);
    expect(lessUnsure).toBeGreaterThan(unsure!);
  });

  it("count by the heatmap's peak where the head offers heatmaps, which takes no moved views", () => {
    const seen: number[] = [];
    const faint = (images: tf.Tensor4D) => {
      seen.push(images.shape[0]);
      const landmarks = landmarksAt(0.2, 0.3, 0.7, 0.4, 0.2, 0.3, 0.7, 0.4);
      return outputOf(landmarks, tf.mul(gaussians(landmarks, 16, 20, 2), [0.9, 0.3]) as tf.Tensor4D);
    };
    expectClose(teach(LABELS, faint).weight!, [1, 0, 0, 1], 1e-6);
    expect(seen).toEqual([2]);
    const soft = pseudoLabel.create({ ...RAMP, ...RULE, confidence: 'soft' }, context);
    const [bright, dim] = teach(soft, faint).weight!.dataSync();
    expect(bright).toBe(1);
    expect(dim).toBeCloseTo(0.3 / 0.5, 1);
  });

  it('teach by the supervised loss, as much as they are trusted, and nothing where they are not', () => {
    const step = strategyStep({ scalars: { pseudo: 3 } });
    const targets = landmarksAt(0.2, 0.3, 0.7, 0.4, 0.2, 0.3, 0.7, 0.4);
    const lossOf = (own: tf.Tensor3D, weight: number[]) => {
      const lesson = { targets, weight: tf.tensor2d(weight, [2, 2]) };
      return read(LABELS.loss(learningStep(step, own, lesson)));
    };
    const off = landmarksAt(0.3, 0.3, 9, 9, 9, 9, 9, 9);
    const { total, parts } = lossOf(off, [1, 0, 0, 0]);
    expect(parts.trusted).toBeCloseTo(0.25, 6);
    expect(parts.pseudo).toBeCloseTo(0.1 / 4, 5);
    expect(total).toBeCloseTo(3 * parts.pseudo!, 5);
    expect(lossOf(off, [0, 0, 0, 0]).total).toBe(0);
  });

  it('come in along a straight line between two points of the stage', () => {
    const weightAt = (done: number) => LABELS.scalars({ done, epoch: 0 }).pseudo;
    expect([0, 0.1, 0.3, 0.5, 1].map(weightAt)).toEqual([0, 0, expect.closeTo(1.5, 10), 3, 3]);
  });
});

describe.each(ENGINES)('labels made once on %s', (_name, open) => {
  it('are of the network that the stage started from, whatever student and teacher have become', async () => {
    await open();
    const step = situation();
    const once = ONCE.teach({ ...step, teacher: unasked, origin: aboutDots });
    const again = ONCE.teach({ ...step, teacher: unasked, origin: aboutDots });
    expectClose(again.targets!, [...once.targets!.dataSync()], 1e-6);
    expect(ONCE.scalars({ done: 0.01, epoch: 0 })).toEqual({ pseudo: 2 });
  });

  it('stay the same in a training that moves student and teacher', async () => {
    const engine = await open();
    const training = await tinyTraining({ ssl: { type: 'stac', confidence: 'soft' } });
    const { end } = await train(engine.compile('stac', training.run), training);
    expect(end['origin.parameters']).toEqual(training.start['student.parameters']);
    expect(end['teacher.parameters']).not.toEqual(training.start['teacher.parameters']);
  });
});

const DOTS = [0.3, 0.6, 0.55, 0.4];

/** Two images with a dot each, the second of which is mirrored in the strong view. */
function situation() {
  const weak = gaussians(tf.tensor3d(DOTS, [2, 1, 2]), HEIGHT, WIDTH, 2);
  return strategyStep({ matrices: [IDENTITY, FLIP], permutations: [KEEP, SWAP], weak });
}

function teach(strategy: SslStrategy, teacher: (images: tf.Tensor4D) => ModelOutput) {
  return strategy.teach({ ...situation(), teacher, origin: unasked });
}

/** Says that the first landmark is the dot, and the second in a corner whatever it sees. */
function aboutDots(images: tf.Tensor4D): ModelOutput {
  const mass = tf.sum(images, [1, 2, 3]);
  const along = (size: number, axes: number[]) => {
    const centres = tf.div(tf.add(tf.range(0, size, 1, 'float32'), 0.5), size);
    return tf.div(tf.sum(tf.mul(tf.sum(images, axes), centres), 1), mass);
  };
  const dot = tf.stack([along(WIDTH, [1, 3]), along(HEIGHT, [2, 3])], 1);
  const corner = tf.fill([images.shape[0], 2], 0.1);
  return outputOf(tf.stack([dot, corner], 1) as tf.Tensor3D);
}
