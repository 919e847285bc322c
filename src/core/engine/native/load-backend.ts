import { createRequire } from 'node:module';
import util from 'node:util';
import { registerBackend, setBackend, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { EngineError } from '../../errors.ts';
import { BATCH_NORM } from '../ops/batch-norm.ts';
import { registerNativeKernels } from './kernels/register.ts';
import { BACKEND_NAME, type TensorFlowBackend, type TensorFlowBinding } from './tensorflow.ts';

const PACKAGE = '@tensorflow/tfjs-node-gpu';

type BackendConstructor = new (binding: TensorFlowBinding, packageName: string) => TensorFlowBackend;

/** The backend, and what the TensorFlow behind it can do. */
export interface LoadedBackend {
  readonly backend: TensorFlowBackend;
  /** Whether fsx's own ops (`native/`) are in the binding and run on the device: they are for processors. */
  readonly hasOwnOps: boolean;
}

export interface LoadOptions {
  readonly threads: number;
  /** CUDA_VISIBLE_DEVICES while TensorFlow looks for GPUs. */
  readonly visible: string;
  /** Of a GPU's memory, at most; undefined: all of it. */
  readonly gpuMemory?: number | undefined;
}

const loaded = new Map<string, LoadedBackend>();

/**
 * The package's kernels and backend on the given binding. Its entry point would look for a binding inside the
 * package itself, where none stands, so its two modules are loaded one by one. A second call with the same binding gives
 * the same backend: TensorFlow is loaded once in a process.
 *
 * @throws {EngineError} when the package or the binding does not load.
 */
export async function loadBackend(bindingPath: string, options: LoadOptions): Promise<LoadedBackend> {
  const open = loaded.get(bindingPath);
  if (open !== undefined) {
    await setBackend(BACKEND_NAME);
    return open;
  }
  setEnvironment(options);
  replaceLegacyNodeFunctions();
  const require = createRequire(import.meta.url);
  try {
    const binding = withGpuSettings(options, () => require(bindingPath) as TensorFlowBinding);
    require(`${PACKAGE}/dist/register_all_kernels.js`);
    const { NodeJSKernelBackend } = require(`${PACKAGE}/dist/nodejs_kernel_backend.js`) as {
      NodeJSKernelBackend: BackendConstructor;
    };
    const backend = new NodeJSKernelBackend(binding, PACKAGE);
    registerBackend(BACKEND_NAME, () => backend);
    await setBackend(BACKEND_NAME);
    const hasOwnOps = !backend.isUsingGpuDevice && knowsOwnOps(backend);
    registerNativeKernels(hasOwnOps);
    const result = { backend, hasOwnOps };
    loaded.set(bindingPath, result);
    return result;
  } catch (cause) {
    throw new EngineError(
      'FSX_ENGINE_NATIVE_LOAD',
      `native TensorFlow does not load from ${bindingPath}; \`fsx engine install\` builds it anew`,
      {
        suggestion: 'Run `fsx engine install`, or choose the engine `wasm`, which needs no installation.',
        cause,
      },
    );
  }
}

/** A binding that fsx did not build has none of them: TensorFlow then refuses the name. */
function knowsOwnOps(backend: TensorFlowBackend): boolean {
  try {
    tidy(() => {
      const one = tensor1d([1]);
      backend.executeMultipleOutputs(BATCH_NORM, [], [one, one, one], 4);
    });
    return true;
  } catch {
    return false;
  }
}

/** From this many threads on it pays to share one op among them. */
const THREADS_TO_SHARE_OPS = 3;

/**
 * TensorFlow reads these when its library is loaded, and never again. Two threads do better with an op each than with
 * halves of one, which wait for each other; fsx's own ops share what they do with a thread that has none. By rule and not
 * by measurement, so that the same number of threads gives the same numbers on every machine.
 */
function setEnvironment({ threads }: LoadOptions): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
  process.env.TF_NUM_INTRAOP_THREADS = String(threads >= THREADS_TO_SHARE_OPS ? threads : 1);
  process.env.TF_NUM_INTEROP_THREADS = String(threads);
  process.env.TF_DETERMINISTIC_OPS ??= '1';
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  // Numbers of GPUs then mean the same to CUDA and to nvidia-smi.
  process.env.CUDA_DEVICE_ORDER ??= 'PCI_BUS_ID';
}

/** TensorFlow looks for GPUs while the binding loads. Processes that this one starts later are not to be narrowed. */
function withGpuSettings<T>({ visible, gpuMemory }: LoadOptions, load: () => T): T {
  const { CUDA_VISIBLE_DEVICES: before } = process.env;
  process.env.CUDA_VISIBLE_DEVICES = visible;
  if (gpuMemory !== undefined) process.env.FSX_GPU_MEMORY_FRACTION = String(gpuMemory);
  try {
    return load();
  } finally {
    if (before === undefined) delete process.env.CUDA_VISIBLE_DEVICES;
    else process.env.CUDA_VISIBLE_DEVICES = before;
    delete process.env.FSX_GPU_MEMORY_FRACTION;
  }
}

/** The package calls functions of `util` that warn in Node 22 and are gone from Node 23. */
function replaceLegacyNodeFunctions(): void {
  const legacy = util as unknown as Record<string, (value: unknown) => boolean>;
  legacy.isNullOrUndefined = (value) => value === null || value === undefined;
  legacy.isArray = Array.isArray;
}
