import type { DataType, KernelBackend, Tensor, TensorInfo } from '@tensorflow/tfjs-core';

/** The part of `@tensorflow/tfjs-node-gpu` that fsx relies on, its two private methods included (version pinned). */
export interface TensorFlowBackend extends KernelBackend {
  binding: TensorFlowBinding;
  readonly isUsingGpuDevice: boolean;
  /** TensorFlow's `DataType`. */
  getDTypeInteger(dtype: DataType): number;
  executeSingleOutput(op: string, attributes: OpAttribute[], inputs: TensorInfo[]): Tensor;
  executeMultipleOutputs(
    op: string,
    attributes: OpAttribute[],
    inputs: TensorInfo[],
    outputs: number,
  ): Tensor[];
  /** The binding's ids of tensors; uploads what JavaScript still holds. */
  getInputTensorIds(tensors: readonly TensorInfo[]): number[];
  createOutputTensor(metadata: TensorMetadata): Tensor;
}

/** The N-API module: TensorFlow's C API on tensors named by number. A number is never used twice. */
export interface TensorFlowBinding {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_BOOL: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  isUsingGpuDevice(): boolean;
  createTensor(shape: readonly number[], dtype: number, values: ArrayBufferView): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    op: string,
    attributes: readonly OpAttribute[],
    inputIds: readonly number[],
    outputs: number,
  ): TensorMetadata[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  /** @param inputNames,outputNames `node:index`, separated by commas. */
  runSavedModel(
    id: number,
    inputIds: readonly number[],
    inputNames: string,
    outputNames: string,
  ): TensorMetadata[];
  /** Only in a binding that fsx built (`native/binding.cc`), as the next two. `graph` is a `GraphDef`. */
  addFunction?(name: string, graph: Uint8Array, inputs: readonly string[], outputs: readonly string[]): void;
  removeFunction?(name: string): void;
  /** Which CUDA libraries TensorFlow does not find; empty where it finds all, or needs none. */
  missingGpuLibraries?(): string;
}

export interface OpAttribute {
  readonly name: string;
  /** One of the binding's `TF_ATTR_…`. */
  readonly type: number;
  readonly value: boolean | number | string | readonly number[];
}

export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  /** TensorFlow's `DataType`. */
  readonly dtype: number;
}

export const BACKEND_NAME = 'tensorflow';

/** Attributes of ops, named by kind: `attributes(backend).float('epsilon', 1e-5)`. */
export function attributes({ binding }: TensorFlowBackend) {
  return {
    float: (name: string, value: number): OpAttribute => ({ name, type: binding.TF_ATTR_FLOAT, value }),
    bool: (name: string, value: boolean): OpAttribute => ({ name, type: binding.TF_ATTR_BOOL, value }),
    string: (name: string, value: string): OpAttribute => ({ name, type: binding.TF_ATTR_STRING, value }),
    int: (name: string, value: number): OpAttribute => ({ name, type: binding.TF_ATTR_INT, value }),
    ints: (name: string, value: readonly number[]): OpAttribute => ({
      name,
      type: binding.TF_ATTR_INT,
      value,
    }),
    floatType: (name: string): OpAttribute => ({
      name,
      type: binding.TF_ATTR_TYPE,
      value: binding.TF_FLOAT,
    }),
  };
}
