import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../../src/core/engine/engine.ts';
import { batchNormTraining } from '../../../../src/core/engine/ops/batch-norm.ts';
import { openWasm } from '../../../../src/core/engine/wasm/wasm-engine.ts';
import { EngineError } from '../../../../src/core/errors.ts';
import { randomInput } from '../../../support/finite-differences.ts';

const listeners = () =>
  process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection');

let engine: Engine;
let listenersBefore: number;

beforeAll(async () => {
  listenersBefore = listeners();
  engine = await openWasm({ reason: 'no native engine is installed' });
});

function random(shape: number[], seed = 1): tf.Tensor {
  return tf.tensor(randomInput(shape, { seed }).values, shape);
}

function heapBytes(): number {
  return (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.length;
}

describe('the engine', () => {
  it('says what it is and why it runs', () => {
    expect(engine.name).toBe('wasm');
    expect(engine.description).toMatch(/WebAssembly SIMD, 1 thread$/);
    expect(engine.reason).toBe('no native engine is installed');
  });

  it('leaves the process its own handling of failures', () => {
    expect(listeners()).toBe(listenersBefore);
  });

  it('gives the results of a compiled function to the caller, and frees everything else', () => {
    const run = engine.compile('square', ({ x }) => ({ y: tf.add(tf.square(x!), tf.mul(x!, 2)) }));
    const x = random([4]);
    const before = tf.memory().numTensors;
    const { y } = run({ x });
    expect(tf.memory().numTensors).toBe(before + 1);
    expect(x.isDisposed).toBe(false);
    tf.dispose([x, y!]);
  });
});

describe('a training step', () => {
  const step = () =>
    engine.compile('step', ({ image, filter, scale }) => {
      const loss = (w: tf.Tensor, s: tf.Tensor) => {
        const maps = tf.conv2d(image as tf.Tensor4D, w as tf.Tensor4D, 2, 1);
        const { output } = batchNormTraining(maps, s, tf.zerosLike(s), 1e-5);
        return tf.sum(tf.matMul(tf.reshape(tf.relu(output), [-1, 4]), tf.ones([4, 2]))) as tf.Scalar;
      };
      const [dFilter, dScale] = tf.grads(loss)([filter!, scale!]);
      return {
        filter: tf.sub(filter!, tf.mul(dFilter!, 1e-3)),
        scale: tf.sub(scale!, tf.mul(dScale!, 1e-3)),
      };
    });

  it('leaks neither tensors nor packed weights over 200 steps', () => {
    const run = step();
    const image = random([2, 32, 32, 3]);
    let state: tf.NamedTensorMap = { filter: random([3, 3, 3, 4]), scale: tf.ones([4]) };
    const advance = () => {
      const next = run({ image, ...state });
      tf.dispose(state);
      state = next;
    };
    for (let i = 0; i < 20; i++) advance();
    const [tensors, bytes] = [tf.memory().numTensors, heapBytes()];
    for (let i = 0; i < 200; i++) advance();
    expect(tf.memory().numTensors).toBe(tensors);
    expect(heapBytes()).toBe(bytes);
  });
});

describe('a full heap', () => {
  // Above 3.6 GB the next 300 MB end beyond WebAssembly's addresses, where the stock allocator hands out used memory.
  it('is an error that says what to do, again and again, and a newly opened engine works', async () => {
    const backend = () => tf.backend() as unknown as { makeOutput(shape: number[], dtype: string): unknown };
    const fill = () => {
      for (let i = 0; i < 20; i++) backend().makeOutput([75_000_000], 'float32');
    };
    expect(fill).toThrow(EngineError);
    expect(fill).toThrow(/out of memory: .*4 GB/);
    await openWasm({ reason: 'test' });
    expect(tf.tidy(() => tf.sum(tf.ones([1000])).dataSync()[0])).toBe(1000);
  });
});

describe('a heap of more than 2 GB', () => {
  it('holds the same numbers, though addresses no longer fit a signed integer', async () => {
    const gradient = () =>
      tf.tidy(() => {
        const [image, filter] = [random([1, 8, 8, 5]), random([3, 3, 5, 6], 2)];
        const loss = (w: tf.Tensor) => {
          const maps = tf.conv2d(image as tf.Tensor4D, w as tf.Tensor4D, 1, 'same');
          const { output } = batchNormTraining(maps, tf.ones([6]), tf.zeros([6]), 1e-5);
          const large = tf.image.resizeBilinear(tf.relu(output) as tf.Tensor4D, [16, 16]);
          return tf.sum(tf.square(tf.matMul(tf.reshape(large, [-1, 6]), random([6, 3], 3)))) as tf.Scalar;
        };
        return Array.from(tf.grad(loss)(filter).dataSync());
      });
    await openWasm({ reason: 'test' });
    const low = gradient();
    const backend = tf.backend() as unknown as { makeOutput(shape: number[], dtype: string): unknown };
    for (let i = 0; i < 8; i++) backend.makeOutput([75_000_000], 'float32');
    expect(gradient()).toEqual(low);
    await openWasm({ reason: 'test' });
  });
});
