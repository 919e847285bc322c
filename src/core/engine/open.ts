import { EngineError } from '../errors.ts';
import type { Engine, EngineChoice, EngineName } from './engine.ts';
import { asksForGpu, noGpu } from './gpus.ts';
import { findNativeBinding, nativeUnavailableReason } from './provisioning/native-binding.ts';

/*
 * The engines are imported when they are chosen: a machine that runs one never loads the others.
 */

const ASKED_FOR = 'the recipe or the command line asks for it';

/**
 * The engine of the choice, ready to run. `auto` is native TensorFlow where it is installed and loads, else WebGPU where
 * there is a GPU, else WebAssembly, whose `reason` then says why. A software adapter is taken for WebGPU by name
 * alone, and a GPU that was asked for is never replaced.
 *
 * @throws {EngineError} when the chosen engine is not there or does not start.
 */
export async function openEngine(choice: EngineChoice): Promise<Engine> {
  switch (choice.type) {
    case 'native':
      return await openInstalledNative(choice, ASKED_FOR);
    case 'webgpu':
      return await openGpu(choice, ASKED_FOR);
    case 'wasm':
      return await openWebAssembly(choice, ASKED_FOR);
    case 'auto':
      return await openBest(choice);
  }
}

/** What `auto` takes on this machine, if all that is there starts. */
export async function bestEngine(): Promise<EngineName> {
  if (await findNativeBinding()) return 'native';
  return (await hasHardwareGpu()) ? 'webgpu' : 'wasm';
}

/** Whether WebGPU finds a GPU, not only a driver that computes on the processor. */
export async function hasHardwareGpu(): Promise<boolean> {
  return !((await requireHardwareGpu().catch(unlessEngineError)) instanceof EngineError);
}

async function openBest(choice: EngineChoice): Promise<Engine> {
  const native = await openInstalledNative(choice, 'native TensorFlow is installed').catch(unlessEngineError);
  if (!(native instanceof EngineError)) return native;
  if (asksForGpu(choice.device)) throw native;
  const webgpu = await openHardwareGpu(choice, native.message).catch(unlessEngineError);
  if (!(webgpu instanceof EngineError)) return webgpu;
  return await openWebAssembly(choice, `${native.message}; ${webgpu.message}`);
}

function unlessEngineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  throw error;
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

async function openHardwareGpu(choice: EngineChoice, nativeIsMissing: string): Promise<Engine> {
  await requireHardwareGpu();
  return await openGpu(choice, `${nativeIsMissing}; there is a GPU`);
}

async function requireHardwareGpu(): Promise<void> {
  const { probeAdapter } = await import('./webgpu/adapter.ts');
  const { isSoftware, description } = await probeAdapter();
  if (!isSoftware) return;
  throw new EngineError(
    'FSX_ENGINE_WEBGPU_SOFTWARE',
    `WebGPU has no GPU here, only ${description} on the processor`,
  );
}

async function openGpu({ precision, device }: EngineChoice, reason: string): Promise<Engine> {
  refuseBf16('WebGPU', precision, reason);
  if (device !== undefined && device !== 'gpu') {
    throw new EngineError('FSX_ENGINE_DEVICE', `WebGPU takes the fastest GPU, and cannot take ${device}`, {
      suggestion: 'Leave `engine.device` out, or choose another engine.',
    });
  }
  const { openWebGpu } = await import('./webgpu/webgpu-engine.ts');
  return await openWebGpu({ reason });
}

async function openWebAssembly({ precision, device }: EngineChoice, reason: string): Promise<Engine> {
  if (asksForGpu(device)) throw noGpu(device, 'WebAssembly runs on the processor');
  refuseBf16('WebAssembly', precision, reason);
  const { openWasm } = await import('./wasm/wasm-engine.ts');
  return await openWasm({ reason });
}

function refuseBf16(engine: string, precision: EngineChoice['precision'], reason: string): void {
  if (precision !== 'bf16') return;
  throw new EngineError('FSX_ENGINE_PRECISION', `${engine} has no bf16 (it would run since ${reason})`, {
    suggestion: 'Leave `engine.precision` out, or run `fsx engine install` for native TensorFlow.',
  });
}
