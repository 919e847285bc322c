import type { Engine, Precision } from '../../../../src/core/engine/engine.ts';
import { openNative } from '../../../../src/core/engine/native/native-engine.ts';
import { findNativeBinding } from '../../../../src/core/engine/provisioning/native-binding.ts';

const binding = await findNativeBinding();

export const nativeIsMissing = binding === undefined;

if (nativeIsMissing) {
  console.warn('SKIPPED: tests of the native engine, since TensorFlow is not installed (fsx engine install)');
}

export function openTestNative(precision: Precision = 'float32'): Promise<Engine> {
  return openNative({ binding: binding!, device: 'cpu', threads: 2, precision, reason: 'test' });
}
