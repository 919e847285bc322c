import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, it } from 'vitest';
import type { Engine, TensorFunction } from '../../src/core/engine/engine.ts';
import { openWasm } from '../../src/core/engine/wasm/wasm-engine.ts';
import { openTestWebGpu, webGpuIsMissing } from '../core/engine/webgpu/open-webgpu.ts';
import { expectSameStep, STEP_CASES } from './step-cases.ts';

describe.skipIf(webGpuIsMissing)('one step on a GPU and on WebAssembly', () => {
  let engines: readonly Engine[];
  beforeAll(async () => {
    engines = [await openWasm({ reason: 'test' }), await openTestWebGpu()];
  });

  const on = (name: Engine['name']) => async (run: TensorFunction) => {
    await tf.setBackend(name);
    return engines.find((engine) => engine.name === name)!.compile('step', run);
  };

  it.each(STEP_CASES)('%s: the same loss and gradient', (_label, parts) =>
    expectSameStep(parts, on('wasm'), on('webgpu')),
  );
});
