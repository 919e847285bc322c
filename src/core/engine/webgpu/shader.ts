import { type WebGPUBackend, type WebGPUProgram, webgpu_util } from '@tensorflow/tfjs-backend-webgpu';
import { type TensorInfo, util } from '@tensorflow/tfjs-core';

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

/** Runs a compute shader. The caller owns the output. */
export function runShader(backend: WebGPUBackend, shader: Shader): TensorInfo {
  const { name, inputs, uniforms: given = {}, threadsPerGroup = THREADS_PER_GROUP, code } = shader;
  const outputShape = [...shader.outputShape];
  const layout = webgpu_util.flatDispatchLayout(outputShape);
  const { threads = util.sizeFromShape(outputShape) } = shader;
  const program: WebGPUProgram = {
    outputShape,
    shaderKey: name,
    variableNames: Object.keys(inputs),
    uniforms: Object.entries(given)
      .map(([uniform, { type }]) => `${uniform} : ${type},`)
      .join(' '),
    workgroupSize: [threadsPerGroup, 1, 1],
    dispatchLayout: layout,
    dispatch: [Math.ceil(threads / threadsPerGroup), 1, 1],
    size: true,
    getUserCode: () => code,
  };
  const values = Object.values(given).map(({ type, value }) => ({
    type: type === 'i32' ? 'int32' : 'float32',
    data: [value],
  }));
  return backend.runWebGPUProgram(program, Object.values(inputs), 'float32', values);
}
