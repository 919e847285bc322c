import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import {
  backend_util,
  Concat,
  type DataType,
  getKernel,
  type KernelConfig,
  SplitV,
  type Tensor,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { copyElements, copyOut } from '../copy.ts';
import { heldType } from '../held-type.ts';
import { BACKEND_NAME, type KernelCall, webGpuKernel } from '../kernel.ts';

/*
 * All parameters of a network are one vector, which every step cuts into hundreds of blocks, and its gradient is put
 * together from as many: here by copies of memory, where the stock kernels start a shader for each block, and several
 * for the whole.
 */

const stockSplit = getKernel(SplitV, BACKEND_NAME);
const stockConcat = getKernel(Concat, BACKEND_NAME);

/** Types whose elements are each one number of four bytes. */
const COPIED: readonly DataType[] = ['float32', 'int32', 'bool'];

/** Whether parts along the axis lie one behind the other in memory, as numbers of the tensor's own type. */
function canBeCopied(backend: WebGPUBackend, tensor: TensorInfo, axis: number): boolean {
  const { shape, dtype } = tensor;
  const isHeld = COPIED.includes(dtype) && heldType(backend, tensor) === dtype;
  return isHeld && shape.slice(0, axis).every((extent) => extent === 1);
}

interface SplitAttributes {
  readonly numOrSizeSplits: number[] | number;
  readonly axis: number;
}

function split(call: KernelCall<'x', SplitAttributes>): TensorInfo[] {
  const { inputs, attrs, backend } = call;
  const { x } = inputs;
  const [axis] = util.parseAxisParam(attrs.axis, x.shape) as [number];
  if (!canBeCopied(backend, x, axis) || backend.shouldExecuteOnCPU([x])) return runStock(stockSplit, call);
  let start = 0;
  return backend_util.prepareSplitSize(x as Tensor, attrs.numOrSizeSplits, axis).map((size) => {
    const shape = x.shape.with(axis, size);
    const part = copyOut(backend, { tensor: x, start }, shape);
    start += util.sizeFromShape(shape);
    return part;
  });
}

function concat(call: KernelCall<string, { readonly axis: number }>): TensorInfo {
  const { attrs, backend } = call;
  const inputs = Object.values(call.inputs);
  const [axis] = util.parseAxisParam(attrs.axis, inputs[0]!.shape) as [number];
  const areCopied = inputs.every((input) => canBeCopied(backend, input, axis));
  if (!areCopied || backend.shouldExecuteOnCPU(inputs)) return runStock(stockConcat, call);
  const shapes = inputs.map(({ shape }) => shape);
  const out = backend.makeTensorInfo(backend_util.computeOutShape(shapes, axis), inputs[0]!.dtype);
  let start = 0;
  for (const input of inputs) {
    const count = util.sizeFromShape(input.shape);
    copyElements(backend, { tensor: input, start: 0 }, { tensor: out, start }, count);
    start += count;
  }
  return out;
}

function runStock<Result>(stock: KernelConfig, call: KernelCall<string, unknown>): Result {
  return stock.kernelFunc(call as unknown as Parameters<KernelConfig['kernelFunc']>[0]) as Result;
}

export const splitKernel = webGpuKernel(SplitV, split);
export const concatKernel = webGpuKernel(Concat, concat);
