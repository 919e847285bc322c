import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { openWasm } from '../../../src/core/engine/wasm/wasm-engine.ts';
import { nativeIsMissing, openTestNative } from '../engine/native/open-native.ts';
import { tinyTraining, train } from './tiny-training.ts';

/**
 * Engines add float32 numbers in different orders, and Adam, which divides every gradient by its own size, turns a
 * rounding of 1e-7 into one of 1e-5 of a step where a gradient is nearly 0: losses of five steps agree to 1e-4.
 */
const LOSS_TOLERANCE = 1e-4;

describe.skipIf(nativeIsMissing)('the same training', () => {
  it('loses the same on wasm, on native run eagerly and on native compiled', async () => {
    const training = await tinyTraining();
    const wasm = await openWasm({ reason: 'test' });
    const reference = (await train(wasm.compile('tiny', training.run), training)).losses;
    const native = await openTestNative();
    const compiled = (await train(native.compile('tiny', training.run), training)).losses;
    const eager = (await train((inputs) => tf.tidy(() => training.run(inputs)), training)).losses;
    for (const [step, loss] of reference.entries()) {
      expect(loss).toBeGreaterThan(0);
      expect(Math.abs(eager[step]! / loss - 1), `eager, step ${step}`).toBeLessThan(LOSS_TOLERANCE);
      expect(Math.abs(compiled[step]! / loss - 1), `compiled, step ${step}`).toBeLessThan(LOSS_TOLERANCE);
    }
  }, 60_000);
});
