import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine, TensorFunction } from '../../src/core/engine/engine.ts';
import { nativeIsMissing, openTestNative } from '../core/engine/native/open-native.ts';
import { expectSameStep, STEP_CASES, untriedPlugins } from './step-cases.ts';

it('every built-in backbone, head, loss and strategy is tried in a step', async () => {
  expect(await untriedPlugins()).toEqual([]);
});

describe.skipIf(nativeIsMissing)('one step as a graph and eagerly', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openTestNative();
  });

  const eagerly = async (run: TensorFunction) => (inputs: tf.NamedTensorMap) => tf.tidy(() => run(inputs));
  const asGraph = async (run: TensorFunction) => engine.compile('step', run);

  it.each(STEP_CASES)(
    '%s: the same loss and gradient',
    (_label, parts) => expectSameStep(parts, eagerly, asGraph),
    60_000,
  );
});
