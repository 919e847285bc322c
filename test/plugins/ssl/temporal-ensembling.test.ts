import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Engine } from '../../../src/core/engine/engine.ts';
import {
  type CheckpointFacts,
  readCheckpoint,
  restoreState,
  writeCheckpoint,
} from '../../../src/core/training/checkpoint.ts';
import type { LandmarkLoss } from '../../../src/core/training/strategy.ts';
import { landmarksIntoStrongView } from '../../../src/core/training/view-change.ts';
import { temporalEnsembling } from '../../../src/plugins/ssl/temporal-ensembling.ts';
import { tinyTraining, train } from '../../core/training/tiny-training.ts';
import { ENGINES } from '../../support/engines.ts';
import { expectClose } from '../../support/expect-close.ts';
import { dotLoss, gaussians } from '../../support/heatmap-parts.ts';
import {
  context,
  FLIP,
  IDENTITY,
  KEEP,
  landmarksAt,
  learningStep,
  read,
  SWAP,
  strategyStep,
  unasked,
} from './strategy-steps.ts';

const DECAY = 0.6;
const IMAGES = 3;
const strategy = temporalEnsembling.create({ weight: 2, decay: DECAY, rampUp: 0 }, context);

describe.each(ENGINES)('temporal ensembling on %s', (_name, open) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  }, 60_000);

  it('teaches the bias-corrected running mean of what was said in earlier epochs, however the views were moved', () => {
    const said = [0, 0.05, -0.1].map((shift) => [0.2 + shift, 0.3, 0.7, 0.4 + shift]);
    let memory = nothing();
    for (const landmarks of said) memory = epoch(memory, [...landmarks, ...landmarks], [0, 2]);
    const weights = [DECAY ** 2, DECAY, 1].map((weight) => (weight * (1 - DECAY)) / (1 - DECAY ** 3));
    const mean = said[0]!.map((_, i) =>
      said.reduce((total, landmarks, k) => total + weights[k]! * landmarks[i]!, 0),
    );
    const [x0, y0, x1, y1] = mean as [number, number, number, number];
    const { targets, weight } = lesson(memory, [0, 2]);
    expectClose(targets!, [x0, y0, x1, y1, 1 - x1, y1, 1 - x0, y0], 1e-5);
    expectClose(weight!, [1, 1, 1, 1], 1e-6);
  });

  it('teaches nothing of an image that was not seen yet', () => {
    const memory = epoch(nothing(), [0.2, 0.3, 0.7, 0.4, 0.2, 0.3, 0.7, 0.4], [0, 2]);
    const taught = lesson(memory, [0, 1]);
    expectClose(taught.weight!, [1, 1, 0, 0], 1e-6);
    expectClose(lesson(nothing(), [0, 1]).weight!, [0, 0, 0, 0], 1e-6);
    const far = landmarksAt(0.2, 0.3, 0.7, 0.4, 9, 9, 9, 9);
    expect(learn(memory, far, [0, 1]).parts.ensemble).toBeCloseTo(0, 6);
  });

  it('counts an image once that a batch has twice, by the mean of both answers', () => {
    const carried = landmarksIntoStrongView(
      landmarksAt(0.2, 0.3, 0.7, 0.4, 0.4, 0.3, 0.7, 0.6),
      situation(nothing(), [1, 1]).unlabeled!,
    );
    const memory = remembered(nothing(), carried, [1, 1]);
    expectClose(memory.seen!, [0, 1, 0], 1e-6);
    expectClose(tf.slice(memory.accumulated!, [1, 0], [1, 4]), [0.12, 0.12, 0.28, 0.2], 1e-5);
    expectClose(tf.slice(memory.accumulated!, [0, 0], [1, 4]), [0, 0, 0, 0], 1e-6);
  });

  it('learns the remembered landmarks by the supervised loss where the head offers heatmaps', () => {
    const said = [0.2, 0.3, 0.7, 0.4, 0.2, 0.3, 0.7, 0.4];
    const memory = epoch(nothing(), said, [0, 1]);
    const step = situation(memory, [0, 1]);
    const taught = lesson(memory, [0, 1]);
    const heatmaps = gaussians(taught.targets as tf.Tensor3D, 16, 20);
    const by = dotLoss.create({}, {}) as LandmarkLoss;
    const nowhere = landmarksAt(9, 9, 9, 9, 9, 9, 9, 9);
    const exact = read(strategy.loss(learningStep(step, nowhere, taught, heatmaps, by)));
    const empty = read(strategy.loss(learningStep(step, nowhere, taught, tf.zerosLike(heatmaps), by)));
    expect(exact.parts.ensemble).toBeCloseTo(0, 6);
    expect(empty.parts.ensemble).toBeGreaterThan(1e-3);
  });

  it('goes on from a checkpoint to the numbers of an uninterrupted training', async () => {
    const training = await tinyTraining({ ssl: { type: 'temporal-ensembling' } });
    const run = engine.compile('ensembling', training.run);
    const whole = await train(run, training);
    const folder = mkdtempSync(join(tmpdir(), 'fsx-ensembling-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'last.safetensors');
    const { end } = await train(run, training, { to: 3 });
    await writeCheckpoint(path, end, training.layout, { stage: 0, step: 3 } as CheckpointFacts);
    const state = restoreState(await readCheckpoint(path), training.layout);
    expect(state['memory.seen']!.some((times) => times > 0)).toBe(true);
    const resumed = await train(run, training, { from: 4, state });
    expect(resumed.losses).toEqual(whole.losses.slice(3));
    expect(resumed.end).toEqual(whole.end);
  });
});

function nothing(): Record<string, tf.Tensor2D> {
  return { accumulated: tf.zeros([IMAGES, 4]), seen: tf.zeros([IMAGES, 1]) };
}

/** The second view of a step is mirrored. */
function situation(memory: Record<string, tf.Tensor2D>, position: number[]) {
  return strategyStep({
    matrices: [IDENTITY, FLIP],
    permutations: [KEEP, SWAP],
    scalars: { ensemble: 2 },
    memory,
    position,
  });
}

function lesson(memory: Record<string, tf.Tensor2D>, position: number[]): tf.NamedTensorMap {
  return strategy.teach({ ...situation(memory, position), teacher: unasked, origin: unasked });
}

function learn(memory: Record<string, tf.Tensor2D>, own: tf.Tensor3D, position: number[]) {
  const step = situation(memory, position);
  return read(strategy.loss(learningStep(step, own, lesson(memory, position))));
}

function remembered(memory: Record<string, tf.Tensor2D>, own: tf.Tensor3D, position: number[]) {
  const step = situation(memory, position);
  return { ...strategy.loss(learningStep(step, own, lesson(memory, position))).memory };
}

/** A student that says these landmarks of the plain images. */
function epoch(memory: Record<string, tf.Tensor2D>, landmarks: number[], position: number[]) {
  const { unlabeled } = situation(memory, position);
  return remembered(memory, landmarksIntoStrongView(landmarksAt(...landmarks), unlabeled!), position);
}
