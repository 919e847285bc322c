import type { Tensor } from '@tensorflow/tfjs-core';
import { EngineError } from '../../errors.ts';
import type {
  OpAttribute,
  TensorFlowBackend,
  TensorFlowBinding,
  TensorMetadata,
} from '../native/tensorflow.ts';

export interface RecordedOp {
  readonly op: string;
  readonly attributes: readonly OpAttribute[];
  readonly inputIds: readonly number[];
  readonly outputIds: readonly number[];
}

export interface Constant {
  readonly shape: readonly number[];
  /** TensorFlow's `DataType`. */
  readonly dtype: number;
  readonly bytes: Uint8Array;
}

/** Every op that ran, in order. Tensors are named by the binding's ids, each of which is assigned once. */
export class Recording {
  readonly ops: RecordedOp[] = [];
  readonly constants = new Map<number, Constant>();
  readonly metadata = new Map<number, TensorMetadata>();
  /** Why the function cannot run as a graph. */
  obstacle: string | undefined;
}

/**
 * Runs `run` eagerly and writes down what it does to the binding.
 *
 * @throws {EngineError} `FSX_ENGINE_CAPTURED_TENSOR` where it uses a tensor that is older than the recording and no
 *   input: its values would stay as they are now in every later run.
 */
export function record<Result>(
  backend: TensorFlowBackend,
  label: string,
  inputs: readonly Tensor[],
  run: () => Result,
): { readonly recording: Recording; readonly result: Result } {
  const { binding } = backend;
  const recording = new Recording();
  backend.getInputTensorIds(inputs).forEach((id, i) => {
    const { shape, dtype } = inputs[i]!;
    recording.metadata.set(id, { id, shape, dtype: backend.getDTypeInteger(dtype) });
  });
  // A tensor made from JavaScript values is uploaded when it is first used, so its age shows in its values alone.
  const ownValues = new WeakSet<object>();
  const write = backend.write;
  backend.write = (values, shape, dtype) => {
    if (values) ownValues.add(values);
    return write.call(backend, values, shape, dtype);
  };
  backend.binding = recordingBinding(binding, label, recording, ownValues);
  try {
    return { recording, result: run() };
  } finally {
    backend.binding = binding;
    backend.write = write;
  }
}

function recordingBinding(
  binding: TensorFlowBinding,
  label: string,
  recording: Recording,
  ownValues: WeakSet<object>,
): TensorFlowBinding {
  const { ops, constants, metadata } = recording;
  const methods: Partial<TensorFlowBinding> = {
    executeOp: (op, attributes, inputIds, outputCount) => {
      for (const id of inputIds) {
        if (!metadata.has(id)) throw capturedTensor(label, shapeOf(binding, id));
      }
      const outputs = binding.executeOp(op, attributes, inputIds, outputCount);
      for (const output of outputs) metadata.set(output.id, output);
      ops.push({ op, attributes, inputIds: [...inputIds], outputIds: outputs.map(({ id }) => id) });
      return outputs;
    },
    createTensor: (shape, dtype, values) => {
      if (!ownValues.has(values)) throw capturedTensor(label, shape);
      const id = binding.createTensor(shape, dtype, values);
      metadata.set(id, { id, shape: [...shape], dtype });
      // The binding shares the values' memory, and their owner may write to it later.
      if (ArrayBuffer.isView(values)) constants.set(id, { shape: [...shape], dtype, bytes: copyOf(values) });
      else recording.obstacle ??= 'it makes a tensor that is neither of numbers nor of booleans';
      return id;
    },
    tensorDataSync: (id) => {
      if (!constants.has(id))
        recording.obstacle ??= `it reads the values of ${describe(metadata.get(id))} back`;
      return binding.tensorDataSync(id);
    },
  };
  return Object.create(
    binding,
    Object.fromEntries(Object.entries(methods).map(([name, value]) => [name, { value }])),
  ) as TensorFlowBinding;
}

export function capturedTensor(label: string, shape: readonly number[]): EngineError {
  return new EngineError(
    'FSX_ENGINE_CAPTURED_TENSOR',
    `step "${label}" uses a tensor of shape [${shape}] that is not one of its inputs`,
    { suggestion: 'Pass it as an input; if it never changes, make it from numbers inside the step.' },
  );
}

function shapeOf(binding: TensorFlowBinding, id: number): number[] {
  const outType = { name: 'out_type', type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 };
  const [shape] = binding.executeOp('Shape', [outType], [id], 1);
  const dimensions = Array.from(binding.tensorDataSync(shape!.id));
  binding.deleteTensor(shape!.id);
  return dimensions;
}

function copyOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
}

function describe(metadata: TensorMetadata | undefined): string {
  return metadata ? `a tensor of shape [${metadata.shape}]` : 'a tensor';
}
