import { availableParallelism } from 'node:os';
import { compileTensorFunction } from '../compiled/compile.ts';
import { loadFunction, loadSession } from '../compiled/executable.ts';
import type { Engine, EngineChoice } from '../engine.ts';
import { asksForGpu, noGpu, surveyGpus, visibleDevice } from '../gpus.ts';
import type { NativeBinding } from '../provisioning/native-binding.ts';
import { loadBackend } from './load-backend.ts';
import '../ops/batch-mat-mul.ts';
import '../ops/batch-norm.ts';
import '../ops/relu.ts';
import type { TensorFlowBinding } from './tensorflow.ts';

export interface NativeOptions extends Omit<EngineChoice, 'type'> {
  readonly binding: Pick<NativeBinding, 'path' | 'variant'>;
  readonly reason: string;
}

/**
 * TensorFlow's C++ library, through `@tensorflow/tfjs-node-gpu`.
 *
 * @throws {EngineError} when the package or the binding does not load, or a GPU is asked for and there is none.
 */
export async function openNative(options: NativeOptions): Promise<Engine> {
  const { threads = availableParallelism(), precision = 'float32', device, gpuMemory, binding } = options;
  if (asksForGpu(device) && binding.variant === 'cpu') throw noGpu(device, WITHOUT_CUDA);
  const visible = visibleDevice(device, process.env);
  const { backend, hasOwnOps } = await loadBackend(binding.path, { threads, visible, gpuMemory });
  const isOnGpu = backend.isUsingGpuDevice;
  const problem =
    isOnGpu || binding.variant === 'cpu' ? undefined : await gpuProblem(backend.binding, visible);
  if (asksForGpu(device) && !isOnGpu) throw noGpu(device, problem!);
  // A session would take every parameter through the host's memory twice a step.
  const loadGraph = isOnGpu && backend.binding.addFunction ? loadFunction : loadSession;
  return {
    name: 'native',
    description: [
      `TensorFlow ${backend.binding.TF_Version}`,
      isOnGpu ? await gpuName(visible) : `CPU, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
      ...(precision === 'float32' ? [] : [`convolutions in ${precision}`]),
      ...(problem === undefined || device === 'cpu' ? [] : [`no GPU since ${problem}`]),
    ].join(', '),
    reason: options.reason,
    compile: (label, run) => compileTensorFunction({ backend, loadGraph, hasOwnOps, precision, label }, run),
  };
}

const WITHOUT_CUDA =
  'this TensorFlow is the build for processors; `fsx engine install --cuda` installs the other';

/** Why the CUDA build runs on the processor. */
async function gpuProblem(binding: TensorFlowBinding, visible: string): Promise<string> {
  const { gpus, problem } = await surveyGpus();
  if (problem !== undefined) return problem;
  if (binding.missingGpuLibraries?.()) return 'TensorFlow does not find its CUDA libraries';
  if (visible === '-1') return 'CUDA_VISIBLE_DEVICES hides all';
  if (!gpus.some((gpu) => isNamed(gpu, visible))) return `the driver knows no GPU ${visible}`;
  return `TensorFlow does not take it: too old, or its driver (${gpus[0]!.driver}) is too old for CUDA 12`;
}

async function gpuName(visible: string): Promise<string> {
  const { gpus } = await surveyGpus();
  return gpus.find((gpu) => isNamed(gpu, visible))?.name ?? 'NVIDIA GPU';
}

function isNamed({ index, uuid }: { index: string; uuid: string }, name: string): boolean {
  return index === name || uuid.startsWith(name);
}
