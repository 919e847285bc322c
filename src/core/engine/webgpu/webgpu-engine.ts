import {
  findBackendFactory,
  registerBackend,
  removeBackend,
  setBackend,
  tidy,
  version_core,
} from '@tensorflow/tfjs-core';
import { EngineError } from '../../errors.ts';
import type { Engine } from '../engine.ts';
import '../ops/batch-mat-mul.ts';
import '../ops/batch-norm.ts';
import '../ops/relu.ts';
import { probeAdapter } from './adapter.ts';
import { CheckedBackend } from './backend.ts';
import { openDevice } from './device.ts';
import { BACKEND_NAME } from './kernel.ts';
import { registerKernels } from './kernels/register.ts';

/** TensorFlow.js takes the backend of the highest priority when none is set. */
const PRIORITY = 3;

export interface WebGpuOptions {
  /** Why this engine runs, for people. */
  readonly reason: string;
}

/**
 * Starts TensorFlow.js on a GPU through WebGPU: Vulkan, Metal or Direct3D 12. Tensors of an earlier WebGPU engine in this
 * process are lost. Tensors cannot be read synchronously.
 *
 * @throws {EngineError} when there is no adapter or it does not start; later, from reading a tensor, whatever failed on the
 * GPU before.
 */
export async function openWebGpu({ reason }: WebGpuOptions): Promise<Engine> {
  const { description, isSoftware } = await probeAdapter();
  try {
    const { device, info } = await openDevice();
    const backend = new CheckedBackend(device, info);
    if (findBackendFactory(BACKEND_NAME) !== null) removeBackend(BACKEND_NAME);
    registerBackend(BACKEND_NAME, () => backend, PRIORITY);
    registerKernels();
    await setBackend(BACKEND_NAME);
    process.once('exit', () => backend.dispose());
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    throw new EngineError('FSX_ENGINE_WEBGPU', 'the WebGPU engine does not start', {
      cause,
      suggestion: 'Update the driver of the GPU, or choose another engine (`--engine`).',
    });
  }
  return {
    name: BACKEND_NAME,
    description: `TensorFlow.js ${version_core}, WebGPU on ${isSoftware ? 'the processor: ' : ''}${description}`,
    reason,
    compile: (label, run) => (inputs) => tidy(() => withKernels(label, () => run(inputs))),
  };
}

/** Turns TensorFlow.js's error for an operation that its WebGPU backend lacks into one that says what to do. */
function withKernels<Result>(label: string, run: () => Result): Result {
  try {
    return run();
  } catch (cause) {
    const kernel = /^Kernel '(\w+)' not registered for backend/.exec(
      cause instanceof Error ? cause.message : '',
    );
    if (kernel === null) throw cause;
    throw new EngineError('FSX_ENGINE_KERNEL', `${label}: WebGPU has no kernel ${kernel[1]}`, {
      cause,
      suggestion: 'Choose another engine (`--engine`); a plugin of yours may use this operation.',
    });
  }
}
