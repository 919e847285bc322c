import { EngineError } from '../errors.ts';
import type { Engine, EngineChoice } from './engine.ts';
import { asksForGpu, noGpu } from './gpus.ts';
import { findNativeBinding, nativeUnavailableReason } from './provisioning/native-binding.ts';

/*
 * The engines are imported when they are chosen: a machine that runs one never loads the other.
 */

/**
 * The engine of the choice, ready to run. `auto` is native TensorFlow where it is installed and loads, else
 * WebAssembly, whose `reason` then says why. A GPU that was asked for is never replaced.
 *
 * @throws {EngineError} when the chosen engine is not there or does not start.
 */
export async function openEngine(choice: EngineChoice): Promise<Engine> {
  switch (choice.type) {
    case 'native':
      return await openInstalledNative(choice, 'the recipe or the command line asks for it');
    case 'wasm':
      return await openWebAssembly(choice, 'the recipe or the command line asks for it');
    case 'auto':
      return await openBest(choice);
  }
}

async function openBest(choice: EngineChoice): Promise<Engine> {
  try {
    return await openInstalledNative(choice, 'native TensorFlow is installed');
  } catch (error) {
    if (!(error instanceof EngineError) || asksForGpu(choice.device)) throw error;
    return await openWebAssembly(choice, error.message);
  }
}

async function openInstalledNative({ type: _, ...options }: EngineChoice, reason: string): Promise<Engine> {
  const binding = await findNativeBinding();
  if (!binding) {
    throw new EngineError('FSX_ENGINE_NATIVE_MISSING', await nativeUnavailableReason(), {
      suggestion: 'Run `fsx engine install`, or choose the engine `wasm`, which needs no installation.',
    });
  }
  const { openNative } = await import('./native/native-engine.ts');
  return await openNative({ ...options, binding, reason });
}

async function openWebAssembly(choice: EngineChoice, reason: string): Promise<Engine> {
  const { threads, precision, device } = choice;
  if (asksForGpu(device)) throw noGpu(device, 'WebAssembly runs on the processor');
  if (precision === 'bf16') {
    throw new EngineError('FSX_ENGINE_PRECISION', `WebAssembly has no bf16 (it would run since ${reason})`, {
      suggestion: 'Leave `engine.precision` out, or run `fsx engine install` for native TensorFlow.',
    });
  }
  const { openWasm } = await import('./wasm/wasm-engine.ts');
  return await openWasm({ reason, ...(threads === undefined ? {} : { threads }) });
}
