import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { examine } from '../../../../src/core/engine/doctor/doctor.ts';
import type { Engine } from '../../../../src/core/engine/engine.ts';
import { batchNormTraining } from '../../../../src/core/engine/ops/batch-norm.ts';
import { sampleBilinear } from '../../../../src/core/engine/ops/sample-bilinear.ts';
import { probeAdapter } from '../../../../src/core/engine/webgpu/adapter.ts';
import { toTensors } from '../../../../src/core/training/state.ts';
import { randomInput } from '../../../support/finite-differences.ts';
import { tinyInputs, tinyTraining } from '../../training/tiny-training.ts';
import { openTestWebGpu, webGpuIsMissing } from './open-webgpu.ts';

/** What the backend has allocated on the GPU, from its pool of buffers. */
interface Buffers {
  readonly bufferManager: {
    readonly numBytesAllocated: number;
    getNumUsedBuffers(): number;
    getNumFreeBuffers(): number;
  };
}

function random(shape: number[], seed = 1): tf.Tensor {
  return tf.tensor(randomInput(shape, { seed }).values, shape);
}

describe.skipIf(webGpuIsMissing)('the webgpu engine', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openTestWebGpu();
  });

  it('says what it is and why it runs, and that a software adapter is none', async () => {
    const { isSoftware } = await probeAdapter();
    expect(engine.name).toBe('webgpu');
    expect(engine.reason).toBe('test');
    expect(engine.description.includes('on the processor')).toBe(isSoftware);
  });

  it('leaves neither tensors nor buffers behind, step after step', async () => {
    const training = await tinyTraining();
    const run = engine.compile('step', training.run);
    let state = toTensors(training.start, training.layout);
    const advance = async (step: number) => {
      const inputs = tinyInputs(training, step);
      const outputs = run({ ...state, ...inputs });
      await outputs['metric.loss']!.data();
      const next = Object.fromEntries(Object.keys(state).map((name) => [name, outputs[name]!]));
      const rest = Object.values(outputs).filter((value) => !Object.values(next).includes(value));
      tf.dispose([...Object.values(state), ...Object.values(inputs), ...rest]);
      state = next;
    };
    const counts = () => {
      const { bufferManager } = tf.backend() as unknown as Buffers;
      const [used, free] = [bufferManager.getNumUsedBuffers(), bufferManager.getNumFreeBuffers()];
      return { tensors: tf.memory().numTensors, used, free, bytes: bufferManager.numBytesAllocated };
    };
    for (let step = 1; step <= 3; step++) await advance(step);
    const before = counts();
    for (let step = 4; step <= 20; step++) await advance(step);
    expect(counts()).toEqual(before);
    tf.dispose(state);
  });

  it('finds the numbers of batch norm around a mean that is large beside the deviation', async () => {
    const x = tf.tidy(() => tf.add(random([2, 40, 30, 37]), 1000)) as tf.Tensor4D;
    const { mean, variance } = batchNormTraining(x, tf.ones([37]), tf.zeros([37]), 1e-5);
    const values = await x.data<'float32'>();
    const channel = values.filter((_, i) => i % 37 === 5);
    const average = channel.reduce((a, b) => a + b) / channel.length;
    const spread = channel.reduce((total, value) => total + (value - average) ** 2, 0) / (channel.length - 1);
    expect((await mean.data())[5]! / average).toBeCloseTo(1, 6);
    expect((await variance.data())[5]! / spread).toBeCloseTo(1, 4);
  });

  it('reads no number at a position that is none, and gives it a gradient at no other', async () => {
    const maps = random([1, 4, 4, 2]) as tf.Tensor4D;
    const points = tf.tensor3d([0.5, Number.NaN, 1.3, 0.4], [1, 2, 2]);
    const read = await sampleBilinear(maps, points).data();
    expect([...read].map(Number.isNaN)).toEqual([true, true, false, false]);
    const beyond = await tf
      .grad((p) => tf.sum(sampleBilinear(maps, p as tf.Tensor3D)))(points)
      .data();
    expect(beyond[2]).toBe(0);
    expect(beyond[3]).not.toBe(0);
  });

  it('takes integers that were cast to floats for the numbers that they are', async () => {
    const cast = (values: number[]) => tf.cast(tf.mul(tf.tensor1d(values, 'int32'), 2), 'float32');
    const joined = tf.concat([cast([1, 2]), tf.add(random([1]), 1)]);
    expect([...(await joined.data())].slice(0, 2)).toEqual([2, 4]);
    expect([...(await tf.split(cast([1, 2, 3]), [2, 1])[1]!.data())]).toEqual([6]);
    const maps = tf.reshape(cast([3, 4]), [1, 1, 1, 2]) as tf.Tensor4D;
    expect([...(await sampleBilinear(maps, tf.tensor3d([0.2, 0.9], [1, 1, 2])).data())]).toEqual([6, 8]);
  });

  it('tells finite numbers from others', async () => {
    const values = [1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38];
    const finite = tf.isFinite(tf.add(random([5]), tf.tensor1d(values)));
    expect([...(await finite.data())]).toEqual([1, 0, 0, 0, 1]);
  });

  it.each([
    [
      0,
      [
        [3, 2],
        [1, 2],
        [4, 2],
      ],
    ],
    [
      1,
      [
        [1, 3, 2],
        [1, 5, 2],
      ],
    ],
    [
      1,
      [
        [2, 3, 2],
        [2, 5, 2],
      ],
    ],
    [0, [[2], [0], [3]]],
  ] as [number, number[][]][])('joins along axis %d and cuts again: %j', async (axis, shapes) => {
    const parts = shapes.map((shape, seed) => random(shape, seed));
    const onGpu = parts.map((part) => tf.add(part, tf.zeros(part.shape)));
    const whole = tf.concat(onGpu, axis);
    const again = tf.split(
      tf.mul(whole, 2),
      shapes.map((shape) => shape[axis]!),
      axis,
    );
    for (const [i, part] of again.entries()) {
      expect(part.shape).toEqual(shapes[i]);
      expect([...(await part.data())]).toEqual([...(await parts[i]!.data())].map((value) => 2 * value));
    }
  });

  it('has every kernel of the wasm engine that computes with numbers', async () => {
    await import('../../../../src/core/engine/wasm/wasm-engine.ts');
    const names = (backend: string) => tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName);
    const own = names('webgpu');
    const without = names('wasm').filter((kernel) => !own.includes(kernel));
    expect(without.sort()).toEqual([
      'BitwiseAnd',
      'LogicalXor', // `tf.logicalXor` is made of others
      'NonMaxSuppressionV4',
      'SparseFillEmptyRows',
      'SparseReshape',
      'StringSplit',
      'StringToHashBucketFast',
      'Unique',
    ]);
  });

  it('names an operation that it lacks', () => {
    const run = engine.compile('step', ({ x }) => ({ y: tf.bitwiseAnd(x!, x!) }));
    const x = tf.tensor1d([1, 2], 'int32');
    expect(() => run({ x })).toThrow(expect.objectContaining({ code: 'FSX_ENGINE_KERNEL' }));
    expect(() => run({ x })).toThrow(/^step: WebGPU has no kernel BitwiseAnd$/);
  });

  it('refuses to read a tensor at once', () => {
    const y = tf.square(random([5000]));
    expect(() => y.dataSync()).toThrow(expect.objectContaining({ code: 'FSX_ENGINE_SYNC_READ' }));
  });

  it('tells whoever reads next what went wrong on the GPU, and a newly opened engine works', async () => {
    const { device } = tf.backend() as unknown as { device: GPUDevice };
    device.createShaderModule({ code: 'not a shader' });
    const read = () => tf.square(random([5000])).data();
    await read().catch(() => undefined); // reported some time after it happened
    await expect(read()).rejects.toMatchObject({ code: 'FSX_ENGINE_WEBGPU' });
    engine = await openTestWebGpu();
    expect((await tf.add(random([5000]), 1).data()).length).toBe(5000);
  });

  it('is found healthy by the doctor', async () => {
    const checks = await examine('webgpu');
    expect(checks.filter((check) => check.status === 'failed' && check.name !== 'free memory')).toEqual([]);
  });
});
