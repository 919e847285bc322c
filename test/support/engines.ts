import type { Engine } from '../../src/core/engine/engine.ts';
import { openWasm } from '../../src/core/engine/wasm/wasm-engine.ts';
import { nativeIsMissing, openTestNative } from '../core/engine/native/open-native.ts';

/** The engines that are there, to be opened one after the other. */
export const ENGINES: readonly (readonly [string, () => Promise<Engine>])[] = [
  ['wasm', () => openWasm({ reason: 'test' })],
  ...(nativeIsMissing ? [] : [['native', openTestNative] as const]),
];
