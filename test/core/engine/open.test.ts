import { describe, expect, test } from 'vitest';
import { surveyGpus } from '../../../src/core/engine/gpus.ts';
import { bestEngine, hasHardwareGpu, openEngine } from '../../../src/core/engine/open.ts';
import { EXIT_CODES } from '../../../src/core/errors.ts';
import { nativeIsMissing } from './native/open-native.ts';
import { webGpuIsMissing } from './webgpu/open-webgpu.ts';

const hasGpu = (await surveyGpus()).gpus.length > 0;

describe('openEngine', () => {
  test.skipIf(nativeIsMissing)('auto takes native TensorFlow where it is installed', async () => {
    const engine = await openEngine({ type: 'auto', threads: 1 });
    expect(engine.name).toBe('native');
    expect(engine.description).toContain('1 thread');
  });

  test('wasm runs where it is asked for', async () => {
    const engine = await openEngine({ type: 'wasm' });
    expect(engine.name).toBe('wasm');
  });

  test.each(['webgpu', 'wasm'] as const)('%s does not take bf16, and says so', async (type) => {
    await expect(openEngine({ type, precision: 'bf16' })).rejects.toMatchObject({
      code: 'FSX_ENGINE_PRECISION',
      exitCode: EXIT_CODES.engine,
    });
  });

  test.skipIf(webGpuIsMissing)('a software adapter is no GPU, and runs where it is asked for', async () => {
    const engine = await openEngine({ type: 'webgpu' });
    expect(engine.name).toBe('webgpu');
    expect(await hasHardwareGpu()).toBe(!engine.description.includes('on the processor'));
  });
});

describe('a GPU that is asked for', () => {
  const missing = { code: 'FSX_ENGINE_NO_GPU', exitCode: EXIT_CODES.engine };

  test('is the fastest one on webgpu, which cannot choose', async () => {
    const second = openEngine({ type: 'webgpu', device: 'gpu:1' });
    await expect(second).rejects.toMatchObject({ code: 'FSX_ENGINE_DEVICE' });
  });

  test('is nothing that wasm has', async () => {
    await expect(openEngine({ type: 'wasm', device: 'gpu' })).rejects.toMatchObject(missing);
  });

  test.skipIf(nativeIsMissing || hasGpu)(
    'is not replaced by the processor, nor by another engine',
    async () => {
      await expect(openEngine({ type: 'native', device: 'gpu' })).rejects.toMatchObject(missing);
      await expect(openEngine({ type: 'auto', device: 'gpu:1' })).rejects.toMatchObject(missing);
    },
  );
});

describe.runIf(nativeIsMissing)('openEngine without native TensorFlow', () => {
  test('auto runs on a GPU or else on wasm, and says how to get native TensorFlow', async () => {
    const engine = await openEngine({ type: 'auto' });
    expect(engine.name).toBe((await hasHardwareGpu()) ? 'webgpu' : 'wasm');
    expect(engine.name).toBe(await bestEngine());
    expect(engine.reason).toContain('fsx engine install');
  });

  test('native ends with the exit code of the engine', async () => {
    await expect(openEngine({ type: 'native' })).rejects.toMatchObject({ exitCode: EXIT_CODES.engine });
  });
});
