import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import {
  conv2d,
  mean,
  type NamedTensorMap,
  square,
  sub,
  type Tensor,
  type Tensor4D,
  tensor,
  tidy,
  valueAndGrads,
} from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Engine, Precision } from '../../../../src/core/engine/engine.ts';
import { type LoadOptions, loadBackend } from '../../../../src/core/engine/native/load-backend.ts';
import { openNative } from '../../../../src/core/engine/native/native-engine.ts';
import { batchNormTraining } from '../../../../src/core/engine/ops/batch-norm.ts';
import { findNativeBinding } from '../../../../src/core/engine/provisioning/native-binding.ts';
import { Random } from '../../../../src/core/random.ts';
import { expectClose } from '../../../support/expect-close.ts';
import { nativeIsMissing } from './open-native.ts';

let folder: string;

/** Convolution, batch norm, ReLU and a step down the gradient. */
function trainStep({ images, ...weights }: NamedTensorMap): NamedTensorMap {
  const names = Object.keys(weights);
  const loss = (...[kernel, offset, scale]: Tensor[]) => {
    const features = conv2d(images as Tensor4D, kernel as Tensor4D, 1, 'same');
    return mean(square(batchNormTraining(features, scale!, offset!, 1e-5).output.relu())).asScalar();
  };
  const { value, grads } = valueAndGrads(loss)(Object.values(weights));
  const next = names.map((name, index) => [name, sub(weights[name]!, grads[index]!)] as const);
  return { loss: value, ...Object.fromEntries(next) };
}

function inputsOf(random: Random): NamedTensorMap {
  const draw = (shape: number[]) => {
    const length = shape.reduce((product, extent) => product * extent, 1);
    return tensor(
      Float32Array.from({ length }, () => random.normal()),
      shape,
    );
  };
  return { images: draw([2, 8, 8, 3]), kernel: draw([3, 3, 3, 4]), offset: draw([4]), scale: draw([4]) };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fsx gpu '));
});

afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function provide(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content, { mode: 0o755 });
  return file;
}

test('the settings of a GPU are there while TensorFlow loads, and later processes do not inherit them', async () => {
  const binding = provide(
    'settings.cjs',
    `require('node:fs').writeFileSync(__dirname + '/seen.json', JSON.stringify(process.env)); throw new Error();`,
  );
  vi.stubEnv('CUDA_VISIBLE_DEVICES', '4,7');
  const options: LoadOptions = { threads: 1, visible: '7', gpuMemory: 0.25 };
  await expect(loadBackend(binding, options)).rejects.toMatchObject({ code: 'FSX_ENGINE_NATIVE_LOAD' });
  expect(JSON.parse(readFileSync(join(folder, 'seen.json'), 'utf8'))).toMatchObject({
    CUDA_VISIBLE_DEVICES: '7',
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    FSX_GPU_MEMORY_FRACTION: '0.25',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  });
  expect(process.env).toMatchObject({ CUDA_VISIBLE_DEVICES: '4,7' });
  expect(process.env).not.toHaveProperty('FSX_GPU_MEMORY_FRACTION');
});

/** TensorFlow on the processor that says it is on a GPU: fsx then does all that it does there. */
describe.skipIf(nativeIsMissing || process.platform === 'win32')('on what seems to be a GPU', () => {
  const graphs: Buffer[] = [];
  let path: string;

  beforeAll(async () => {
    const real = (await findNativeBinding())!.path;
    path = provide(
      'binding.cjs',
      `const real = require(${JSON.stringify(real)});
       const seen = (globalThis.seenGraphs ??= []);
       module.exports = Object.create(real, {
         isUsingGpuDevice: { value: () => true },
         addFunction: { value: (name, graph, ...rest) => { seen.push(Buffer.from(graph)); real.addFunction(name, graph, ...rest); } },
         loadSavedModel: { value: () => { throw new Error('a session copies every tensor'); } },
       });`,
    );
    (globalThis as { seenGraphs?: Buffer[] }).seenGraphs = graphs;
    vi.stubEnv('CUDA_VISIBLE_DEVICES', undefined);
    vi.stubEnv('PATH', [folder, process.env.PATH].join(delimiter));
    provide(
      'nvidia-smi',
      `#!/bin/sh\necho '0, GPU-aa, NVIDIA L4, 1, 535'\necho '1, GPU-bb, NVIDIA A2, 1, 535'\n`,
    );
  });

  const open = (precision: Precision): Promise<Engine> =>
    openNative({
      binding: { path, variant: 'cuda' },
      device: 'gpu:1',
      threads: 2,
      precision,
      reason: 'test',
    });

  test('the description names the chosen one', async () => {
    expect((await open('bf16')).description).toMatch(/^TensorFlow [\d.]+, NVIDIA A2, convolutions in bf16$/);
  });

  test.each([
    ['float32', 1e-5],
    ['bf16', 0.05],
  ] as const)('a step in %s runs as one function of stock ops', async (precision, tolerance) => {
    const engine = await open(precision);
    const inputs = inputsOf(new Random(5));
    graphs.length = 0;
    const compiled = engine.compile('step', trainStep);
    const [eager, first, second] = [tidy(() => trainStep(inputs)), compiled(inputs), compiled(inputs)];
    for (const [name, expected] of Object.entries(eager)) {
      expectClose(first[name]!, Array.from(expected.dataSync()), tolerance, name);
      expectClose(second[name]!, Array.from(expected.dataSync()), tolerance, name);
    }
    expect(graphs).toHaveLength(1);
    expect(graphs[0]!.includes('FusedBatchNormGradV3')).toBe(true);
    expect(graphs[0]!.includes('Fsx')).toBe(false);
  });
});
