import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { compileTensorFunction } from '../compiled/compile.ts';
import type { Engine, Precision } from '../engine.ts';
import { loadBackend } from './load-backend.ts';
import '../ops/batch-mat-mul.ts';
import '../ops/batch-norm.ts';
import '../ops/relu.ts';

export interface NativeOptions {
  /** Path of the N-API module that links TensorFlow. */
  readonly binding: string;
  /** Default: all cores. */
  readonly threads?: number;
  /** Default float32. */
  readonly precision?: Precision;
  readonly reason: string;
}

/**
 * TensorFlow's C++ library, through `@tensorflow/tfjs-node-gpu`.
 *
 * @throws {EngineError} when the package or the binding does not load.
 */
export async function openNative(options: NativeOptions): Promise<Engine> {
  const { threads = availableParallelism(), precision = 'float32' } = options;
  const { backend, hasOwnOps } = await loadBackend(options.binding, threads);
  const device = backend.isUsingGpuDevice
    ? await gpuName()
    : `CPU, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  return {
    name: 'native',
    description: [`TensorFlow ${backend.binding.TF_Version}, ${device}`, ...inWords(precision)].join(', '),
    reason: options.reason,
    compile: (label, run) => compileTensorFunction({ backend, hasOwnOps, precision, label }, run),
  };
}

function inWords(precision: Precision): string[] {
  return precision === 'float32' ? [] : [`convolutions in ${precision}`];
}

/** TensorFlow takes the first GPU it sees; its name comes with the driver's own tool. */
async function gpuName(): Promise<string> {
  try {
    const visible = process.env.CUDA_VISIBLE_DEVICES?.split(',')[0]?.trim();
    const only = visible ? [`--id=${visible}`] : [];
    const args = ['--query-gpu=name', '--format=csv,noheader', ...only];
    const { stdout } = await promisify(execFile)('nvidia-smi', args);
    return stdout.split('\n')[0]?.trim() || 'NVIDIA GPU';
  } catch {
    return 'NVIDIA GPU';
  }
}
