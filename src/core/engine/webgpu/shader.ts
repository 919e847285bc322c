import { type WebGPUBackend, type WebGPUProgram, webgpu_util } from '@tensorflow/tfjs-backend-webgpu';
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { heldType } from './held-type.ts';

/** A number that a shader is given with each call, besides its tensors: in WGSL `uniforms.name`. */
export interface Uniform {
  readonly type: 'i32' | 'f32';
  readonly value: number;
}

export interface Shader {
  /** Distinct for distinct code. */
  readonly name: string;
  /** Each is `array<f32>` in WGSL under its name; the output, float32 too, is `result`. */
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly outputShape: readonly number[];
  readonly uniforms?: Readonly<Record<string, Uniform>>;
  readonly threadsPerGroup?: number;
  /** Default: one for each element of the output. Filled up to whole groups. */
  readonly threads?: number;
  /**
   * WGSL of `fn main(index: i32)`, which runs once a thread; `index` counts over all groups and may exceed the output,
   * whose elements are `uniforms.size`; `localIndex` (u32) counts within the group.
   */
  readonly code: string;
}

const THREADS_PER_GROUP = 64;

export function integers<Name extends string>(values: Readonly<Record<Name, number>>): Record<Name, Uniform> {
  return uniforms('i32', values);
}

export function floats<Name extends string>(values: Readonly<Record<Name, number>>): Record<Name, Uniform> {
  return uniforms('f32', values);
}

function uniforms<Name extends string>(type: Uniform['type'], values: Readonly<Record<Name, number>>) {
  const entries = Object.entries<number>(values).map(([name, value]) => [name, { type, value }]);
  return Object.fromEntries(entries) as Record<Name, Uniform>;
}

/** Runs a compute shader, on inputs that hold integers too. The caller owns the output. */
export function runShader(backend: WebGPUBackend, shader: Shader): TensorInfo {
  const values = Object.values(shader.uniforms ?? {}).map(({ type, value }) => ({
    type: type === 'i32' ? 'int32' : 'float32',
    data: [value],
  }));
  const tensors = Object.values(shader.inputs);
  const read = tensors.map((tensor) => asFloats(backend, tensor));
  const output = backend.runWebGPUProgram(programOf(shader), read, 'float32', values);
  for (const tensor of read) if (!tensors.includes(tensor)) backend.disposeData(tensor.dataId);
  return output;
}

/** A shader as TensorFlow.js wants it. */
function programOf(shader: Shader): WebGPUProgram {
  const { name, inputs, uniforms: given = {}, threadsPerGroup = THREADS_PER_GROUP, code } = shader;
  const outputShape = [...shader.outputShape];
  const { threads = util.sizeFromShape(outputShape) } = shader;
  return {
    outputShape,
    shaderKey: `fsx_${name}`,
    variableNames: Object.keys(inputs),
    uniforms: Object.entries(given)
      .map(([uniform, { type }]) => `${uniform} : ${type},`)
      .join(' '),
    workgroupSize: [threadsPerGroup, 1, 1],
    dispatchLayout: webgpu_util.flatDispatchLayout(outputShape),
    dispatch: [Math.ceil(threads / threadsPerGroup), 1, 1],
    size: true,
    getUserCode: () => code,
  };
}

/** The tensor itself, or its integers as floats, to be disposed of. */
function asFloats(backend: WebGPUBackend, tensor: TensorInfo): TensorInfo {
  if (heldType(backend, tensor) === 'float32') return tensor;
  const program = programOf({
    name: 'asFloats',
    inputs: { integers: tensor },
    outputShape: tensor.shape,
    code: `
      fn main(index: i32) {
        if (index < uniforms.size) { result[index] = f32(integers[index]); }
      }`,
  });
  return backend.runWebGPUProgram(program, [tensor], 'float32');
}
