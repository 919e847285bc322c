import type { NamedTensorMap } from '@tensorflow/tfjs-core';

/** A function of tensors alone: it keeps nothing, reads nothing back and draws nothing at random. */
export type TensorFunction = (inputs: NamedTensorMap) => NamedTensorMap;

export type EngineName = 'native' | 'webgpu' | 'wasm';

/** What convolutions of compiled steps compute in; everything else is float32. */
export type Precision = 'float32' | 'bf16';

/** `gpu` is the first GPU that CUDA_VISIBLE_DEVICES leaves visible, `gpu:1` the second. */
export type Device = 'cpu' | 'gpu' | `gpu:${number}`;

/** A tensor backend that is ready to run. One is active in a process. */
export interface Engine {
  readonly name: EngineName;
  /** Library, version, device and threads, for people: `TensorFlow 2.21.0, CPU, 2 threads`. */
  readonly description: string;
  /** Why this engine runs, for people: `native TensorFlow is installed`. */
  readonly reason: string;
  /**
   * The same function, prepared to run many times on tensors of the same shapes and dtypes. The returned function
   * neither disposes its inputs nor keeps its outputs: both belong to the caller.
   */
  compile(label: string, run: TensorFunction): TensorFunction;
}

export interface EngineChoice {
  readonly type: 'auto' | EngineName;
  /** Threads of the wasm engine (default 1) or of TensorFlow (default: all cores); webgpu needs none. */
  readonly threads?: number;
  /** Default float32. Native TensorFlow alone has bf16. */
  readonly precision?: Precision;
  /** Default: a GPU where native TensorFlow is the CUDA build and finds one, else the processor. */
  readonly device?: Device;
  /** Of the memory of a GPU, what TensorFlow may take at most, in (0, 1]; it takes it as it needs it. */
  readonly gpuMemory?: number;
}
