import { describe, expect, test } from 'vitest';
import { surveyGpus } from '../../../src/core/engine/gpus.ts';
import { openEngine } from '../../../src/core/engine/open.ts';
import { EXIT_CODES } from '../../../src/core/errors.ts';
import { nativeIsMissing } from './native/open-native.ts';

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

  test('wasm does not take bf16, and says so', async () => {
    await expect(openEngine({ type: 'wasm', precision: 'bf16' })).rejects.toMatchObject({
      code: 'FSX_ENGINE_PRECISION',
      exitCode: EXIT_CODES.engine,
    });
  });
});

describe('a GPU that is asked for', () => {
  const missing = { code: 'FSX_ENGINE_NO_GPU', exitCode: EXIT_CODES.engine };

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
  test('auto runs on wasm and says how to get the faster engine', async () => {
    const engine = await openEngine({ type: 'auto' });
    expect(engine.name).toBe('wasm');
    expect(engine.reason).toContain('fsx engine install');
  });

  test('native ends with the exit code of the engine', async () => {
    await expect(openEngine({ type: 'native' })).rejects.toMatchObject({ exitCode: EXIT_CODES.engine });
  });
});
