import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { registerBackend, removeBackend, setBackend, tidy, version_core } from '@tensorflow/tfjs-core';
import { EngineError } from '../../errors.ts';
import type { Engine } from '../engine.ts';
import '../ops/batch-mat-mul.ts';
import '../ops/batch-norm.ts';
import '../ops/relu.ts';
import { registerKernels } from './kernels/register.ts';
import { loadWasmModule } from './wasm-module.ts';

const BACKEND = 'wasm';
/** TensorFlow.js takes the backend of the highest priority when none is set; the stock one has 2. */
const PRIORITY = 2;

export interface WasmOptions {
  /** Why this engine runs, for people. */
  readonly reason: string;
}

/**
 * Starts TensorFlow.js on WebAssembly with the kernels that it needs to train, on one thread: a second one would share the
 * stock kernels alone, which are the smaller part. Tensors of an earlier WebAssembly engine in this process are lost.
 *
 * @throws EngineError when WebAssembly does not start; later, from any kernel, when its 4 GB are full.
 */
export async function openWasm({ reason }: WasmOptions): Promise<Engine> {
  try {
    const backend = new BackendWasm(await loadWasmModule());
    removeBackend(BACKEND);
    registerBackend(BACKEND, () => backend, PRIORITY);
    registerKernels();
    await setBackend(BACKEND);
  } catch (cause) {
    throw new EngineError('FSX_ENGINE_WASM', 'the WebAssembly engine does not start', {
      cause,
      suggestion: 'Reinstall the packages (npm ci); the engine needs Node 20.19 or newer.',
    });
  }
  return {
    name: BACKEND,
    description: `TensorFlow.js ${version_core}, WebAssembly SIMD, 1 thread`,
    reason,
    compile: (_label, run) => (inputs) => tidy(() => run(inputs)),
  };
}
