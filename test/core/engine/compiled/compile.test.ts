import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Engine, TensorFunction } from '../../../../src/core/engine/engine.ts';
import { batchNormTraining } from '../../../../src/core/engine/ops/batch-norm.ts';
import { Random } from '../../../../src/core/random.ts';
import { nativeIsMissing, openTestNative } from '../native/open-native.ts';

const random = new Random(11);
function draw(shape: number[], deviation = 1): tf.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => random.normal(0, deviation)),
    shape,
  );
}

/** A training step with every kind of op that an HRNet with a graph head runs through. */
const trainingStep: TensorFunction = ({ image, filter, stride2, scale, offset, adjacency, rate }) => {
  const loss = (filter: tf.Tensor, stride2: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) => {
    const first = tf.conv2d(image as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same');
    const { output } = batchNormTraining(first, scale, offset, 1e-5);
    const low = tf.conv2d(output.relu() as tf.Tensor4D, stride2 as tf.Tensor4D, 2, 1);
    const high = tf.image.resizeBilinear(low, [16, 12], false, true);
    const joined = tf.concat([output, high], 3);
    const nodes = joined.reshape([2, 16 * 12, 12]).slice([0, 3, 0], [2, 5, 12]);
    const spread = tf.matMul(adjacency!, nodes);
    const [left, right] = tf.split(spread, 2, 2) as [tf.Tensor, tf.Tensor];
    const gathered = tf.gather(left, [0, 2, 2, 4], 1);
    const probability = tf.logSoftmax(right, 2).exp();
    const tiled = tf.tile(probability.mean(2, true), [1, 1, 3]).transpose([0, 2, 1]);
    return tf.addN([
      gathered.clipByValue(-1, 1).square().sum(),
      tf.maximum(tiled, 0.2).sum(),
      tf.norm(joined, 'euclidean', 3).mean(),
    ]) as tf.Scalar;
  };
  const { value, grads } = tf.valueAndGrads(loss as never)([filter!, stride2!, scale!, offset!]);
  const descend = (tensor: tf.Tensor, i: number) => tensor.sub(grads[i]!.mul(rate!));
  return {
    loss: value,
    filter: descend(filter!, 0),
    stride2: descend(stride2!, 1),
    scale: descend(scale!, 2),
    offset: descend(offset!, 3),
  };
};

const stepState = () => ({
  filter: draw([3, 3, 3, 4], 0.2),
  stride2: draw([3, 3, 4, 8], 0.2),
  scale: tf.ones([4]),
  offset: tf.zeros([4]),
});
const stepBatch = (rate: number) => ({
  image: draw([2, 16, 12, 3]),
  adjacency: draw([1, 5, 5]),
  rate: tf.scalar(rate),
});

function values(outputs: tf.NamedTensorMap): Record<string, number[]> {
  return Object.fromEntries(Object.entries(outputs).map(([name, t]) => [name, Array.from(t.dataSync())]));
}

describe.skipIf(nativeIsMissing)('a compiled step', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openTestNative();
  });

  test('gives what the step gives eagerly, call after call', () => {
    const compiled = engine.compile('train', trainingStep);
    let state: tf.NamedTensorMap = stepState();
    for (const rate of [0.1, 0.01, 0.3, 0]) {
      const inputs = { ...stepBatch(rate), ...state };
      const { loss, ...next } = compiled(inputs);
      const expected = values(trainingStep(inputs));
      for (const [name, actual] of Object.entries(values({ loss: loss!, ...next }))) {
        actual.forEach((value, i) => {
          expect(Math.abs(value - expected[name]![i]!), `${name}[${i}]`).toBeLessThan(
            1e-5 * Math.max(1, Math.abs(value)),
          );
        });
      }
      state = next;
    }
  });

  test('a learning rate that is an input takes effect', () => {
    const compiled = engine.compile('descend', ({ x, rate }) => ({ x: x!.sub(rate!) }));
    const x = tf.scalar(1);
    const rates = [0.25, 0.5, 0.75];
    const results = rates.map((rate) => compiled({ x, rate: tf.scalar(rate) }).x!.dataSync()[0]);
    expect(results).toEqual([0.75, 0.5, 0.25]);
  });

  test.each([
    ['used before', () => tf.tidy(() => tf.ones([3, 2]).add(1))],
    ['never used before', () => tf.ones([3, 2])],
  ])('a tensor from outside (%s) is refused, with its shape and the label of the step', (_case, make) => {
    const outside = make();
    const compiled = engine.compile('train few-shot', ({ x }) => ({ y: x!.add(outside) }));
    expect(() => compiled({ x: tf.ones([3, 2]) })).toThrow(
      /step "train few-shot" uses a tensor of shape \[3,2\]/,
    );
  });

  test('a tensor from outside that is only handed on is refused as well', () => {
    const outside = tf.ones([4]).add(1);
    const compiled = engine.compile('hand on', ({ x }) => ({ y: x!.add(1), outside }));
    expect(() => compiled({ x: tf.ones([1]) })).toThrow(/shape \[4\]/);
  });

  test('memory stays level over many calls', () => {
    const compiled = engine.compile('train', trainingStep);
    let state: tf.NamedTensorMap = stepState();
    const counts = Array.from({ length: 50 }, () => {
      const batch = stepBatch(0.01);
      const { loss, ...next } = compiled({ ...batch, ...state });
      tf.dispose([batch, state, loss]);
      state = next;
      return tf.memory().numTensors;
    });
    expect(new Set(counts).size).toBe(1);
  });

  test('inputs of another shape get a graph of their own', () => {
    const compiled = engine.compile('double', ({ x }) => ({ y: x!.mul(2).reshape([-1]) }));
    for (const size of [2, 3, 2, 3, 2]) {
      expect(compiled({ x: tf.ones([1, size]) }).y!.shape).toEqual([size]);
    }
  });

  test('an input handed on, and one tensor handed out twice, are tensors of their own', () => {
    const compiled = engine.compile('hand on', ({ x }) => {
      const y = x!.add(1);
      return { x: x!, y, again: y };
    });
    const x = tf.scalar(5);
    for (let call = 0; call < 3; call++) {
      const outputs = compiled({ x });
      outputs.x!.dispose();
      outputs.y!.dispose();
      expect(outputs.again!.dataSync()[0]).toBe(6);
      expect(x.dataSync()[0]).toBe(5);
    }
  });

  test('a constant that JavaScript changes after the first call keeps its value', () => {
    const compiled = engine.compile('constant', ({ x }) => {
      const numbers = new Float32Array([1, 2, 3]);
      const y = x!.add(tf.tensor1d(numbers));
      numbers.fill(0);
      return { y };
    });
    compiled({ x: tf.zeros([3]) });
    expect(Array.from(compiled({ x: tf.zeros([3]) }).y!.dataSync())).toEqual([1, 2, 3]);
  });

  test('a step that reads a tensor back still gives the right answer, and says once that it is slow', async () => {
    const warnings: string[] = [];
    const listen = (warning: Error) => warnings.push(warning.message);
    process.on('warning', listen);
    const compiled = engine.compile('peek', ({ x }) => ({ y: x!.mul(x!.add(0).dataSync()[0]!) }));
    const results = [2, 3, 4].map((value) => compiled({ x: tf.scalar(value) }).y!.dataSync()[0]);
    await new Promise(setImmediate);
    process.off('warning', listen);
    expect(results).toEqual([4, 9, 16]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('step "peek" runs eagerly');
  });

  test('no temporary files are left', () => {
    const before = process.env.TMPDIR;
    const folder = mkdtempSync(join(tmpdir(), 'fsx-test-'));
    process.env.TMPDIR = folder;
    const compiled = engine.compile('clean', ({ x }) => ({ y: x!.add(1) }));
    compiled({ x: tf.scalar(1) });
    compiled({ x: tf.scalar(1) });
    const left = readdirSync(folder);
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(folder, { recursive: true });
    expect(left).toEqual([]);
  });
});
