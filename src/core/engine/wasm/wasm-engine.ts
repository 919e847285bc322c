import { BackendWasm, setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import { registerBackend, removeBackend, setBackend, tidy, version_core } from '@tensorflow/tfjs-core';
import { EngineError } from '../../errors.ts';
import type { Engine } from '../engine.ts';
import '../ops/batch-mat-mul.ts';
import '../ops/batch-norm.ts';
import '../ops/relu.ts';
import { registerKernels } from './kernels/register.ts';
import { loadWasmModule, releaseThreads, withCoresFor } from './wasm-module.ts';

const BACKEND = 'wasm';
/** TensorFlow.js takes the backend of the highest priority when none is set; the stock one has 2. */
const PRIORITY = 2;

export interface WasmOptions {
  /** Default 1. More help on idle cores only. */
  readonly threads?: number;
  /** Why this engine runs, for people. */
  readonly reason: string;
}

/**
 * Starts TensorFlow.js on WebAssembly with the kernels that it needs to train. Tensors of an earlier WebAssembly engine
 * in this process are lost.
 *
 * @throws EngineError when WebAssembly does not start; later, from any kernel, when its 4 GB are full.
 */
export async function openWasm({ threads = 1, reason }: WasmOptions): Promise<Engine> {
  try {
    const backend = await startBackend(threads);
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
    description: `TensorFlow.js ${version_core}, WebAssembly SIMD, ${threads} thread${threads === 1 ? '' : 's'}`,
    reason,
    compile: (_label, run) => (inputs) => tidy(() => run(inputs)),
  };
}

async function startBackend(threads: number): Promise<BackendWasm> {
  setThreadsCount(threads);
  return await withCoresFor(threads, async () => {
    const module = await loadWasmModule(threads);
    const backend = new BackendWasm(module);
    releaseThreads(module);
    return backend;
  });
}
