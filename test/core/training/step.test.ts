import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { toTensors } from '../../../src/core/training/state.ts';
import type { SslStrategy } from '../../../src/core/training/strategy.ts';
import { ENGINES } from '../../support/engines.ts';
import { type TinyTraining, tinyInputs, tinyTraining, train } from './tiny-training.ts';

describe.each(ENGINES)('a training step on %s', (_name, open) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  }, 60_000);

  it('leaves no tensor behind', async () => {
    const { counts } = await train(engine.compile('tiny', (await tinyTraining()).run), await tinyTraining());
    expect(new Set(counts).size).toBe(1);
  });

  it('moves the teacher by the moving average alone, batch-norm statistics included', async () => {
    const training = await tinyTraining();
    const after = oneStep(training);
    const { start } = training;
    for (const vector of ['parameters', 'statistics']) {
      const [old, student, teacher] = [
        start[`teacher.${vector}`]!,
        after[`student.${vector}`]!,
        after[`teacher.${vector}`]!,
      ];
      expect(student).not.toEqual(start[`student.${vector}`]);
      for (const [i, value] of teacher.entries())
        expect(Math.abs(value - (0.75 * old[i]! + 0.25 * student[i]!))).toBeLessThan(1e-6);
    }
  });

  it('learns nothing from a gradient that is not finite, says so, and goes on', async () => {
    const training = await tinyTraining({ weightDecay: 0 });
    const broken = { 'labeled.images': tf.fill([2, 16, 20, 1], Number.NaN) };
    const after = oneStep(training, broken);
    expect(after['metric.finite']![0]).toBe(0);
    for (const [name, values] of Object.entries(training.start)) expect(after[name], name).toEqual(values);
    expect(oneStep(training)['metric.finite']![0]).toBe(1);
  });

  it('cuts a long gradient to the given norm, and tells how long it was', async () => {
    const norms = [1e-3, 1e9].map(async (clipNorm) => {
      const after = oneStep(await tinyTraining({ clipNorm }));
      // The first moment of Adam is a tenth of the gradient that it was given.
      return { told: after['metric.gradient_norm']![0]!, used: 10 * norm(after['optimizer.first']!) };
    });
    const [clipped, free] = await Promise.all(norms);
    expect(clipped!.used / 1e-3).toBeCloseTo(1, 2);
    expect(free!.used / free!.told).toBeCloseTo(1, 4);
    expect(clipped!.told / free!.told).toBeCloseTo(1, 4);
  });

  it('tells the parts of the loss', async () => {
    const training = await tinyTraining();
    const after = oneStep(training);
    const { ssl, js } = training.strategy.scalars({ done: 0.1, epoch: 0 });
    const part = (name: string) => after[`metric.loss.${name}`]![0]!;
    const total = part('local') + part('global') + ssl! * part('ssl') + js! * part('js');
    expect(after['metric.loss']![0]).toBeCloseTo(total, 5);
  });
});

/** What a strategy may ask of the step beyond teacher and student. */
describe.each(ENGINES)('a step with a memory on %s', (_name, open) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  }, 60_000);

  const counting: Partial<SslStrategy> = {
    keepsOrigin: true,
    memory: () => ({ seen: 2 }),
    teach: ({ origin, unlabeled }) => ({ first: origin(unlabeled!.weak).landmarks }),
    loss: ({ supervisedLoss, student, labeled, memory }) => ({
      ...supervisedLoss.evaluate(student(labeled.images), labeled.landmarks, labeled.present),
      memory: { seen: tf.add(memory.seen!, [[1, 0]]) as tf.Tensor2D },
    }),
  };

  it('forgets what it saw in a step without a finite gradient', async () => {
    const training = await tinyTraining({ strategy: counting });
    const after = oneStep(training, { 'labeled.images': tf.fill([2, 16, 20, 1], Number.NaN) });
    expect([...after['memory.seen']!]).toEqual(Array(8).fill(0));
    expect([...oneStep(training)['memory.seen']!]).toEqual([1, 0, 1, 0, 1, 0, 1, 0]);
  });

  it('carries it from step to step, keeps the network that it started from, and leaves no tensor behind', async () => {
    const training = await tinyTraining({ strategy: counting });
    const { counts, end } = await train(engine.compile('counting', training.run), training);
    expect(new Set(counts).size).toBe(1);
    expect([...end['memory.seen']!]).toEqual([5, 0, 5, 0, 5, 0, 5, 0]);
    expect(end['origin.parameters']).toEqual(training.start['student.parameters']);
    expect(end['student.parameters']).not.toEqual(training.start['student.parameters']);
  });
});

/** Everything that the first step gives. */
function oneStep(training: TinyTraining, replaced: tf.NamedTensorMap = {}): Record<string, Float32Array> {
  return tf.tidy(() => {
    const state = toTensors(training.start, training.layout);
    const outputs = training.run({ ...state, ...tinyInputs(training, 1), ...replaced });
    const read = ([name, tensor]: [string, tf.Tensor]) => [name, tensor.dataSync() as Float32Array];
    return Object.fromEntries(Object.entries(outputs).map(read));
  }) as unknown as Record<string, Float32Array>;
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((total, value) => total + value * value, 0));
}
