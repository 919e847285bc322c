import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { type TensorInfo, util } from '@tensorflow/tfjs-core';

/** What fsx uses of the backend's own (version pinned): the commands that are not submitted yet, and whose data they use. */
interface Commands {
  readonly commandEncoder: GPUCommandEncoder;
  readonly commandQueueOwnedIds: WeakSet<object>;
}

/** Elements of a tensor in memory, in its order. */
interface Range {
  readonly tensor: TensorInfo;
  readonly start: number;
}

const BYTES_PER_ELEMENT = 4;

/** Elements of a tensor that lie one behind the other as a tensor of their own. The caller owns it. */
export function copyOut(backend: WebGPUBackend, source: Range, shape: readonly number[]): TensorInfo {
  const out = backend.makeTensorInfo([...shape], source.tensor.dtype);
  copyElements(backend, source, { tensor: out, start: 0 }, util.sizeFromShape([...shape]));
  return out;
}

/** Copies memory to memory: no shader, which costs the processor several times as much to start. */
export function copyElements(backend: WebGPUBackend, from: Range, to: Range, count: number): void {
  if (count === 0) return;
  const [source, target] = [from, to].map(({ tensor }) => bufferOf(backend, tensor));
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  const { commandEncoder, commandQueueOwnedIds } = backend as unknown as Commands;
  commandEncoder.copyBufferToBuffer(
    source!,
    from.start * BYTES_PER_ELEMENT,
    target!,
    to.start * BYTES_PER_ELEMENT,
    count * BYTES_PER_ELEMENT,
  );
  for (const { tensor } of [from, to]) commandQueueOwnedIds.add(tensor.dataId);
}

function bufferOf(backend: WebGPUBackend, { dataId }: TensorInfo): GPUBuffer {
  backend.uploadToGPU(dataId);
  return backend.tensorMap.get(dataId).resource as GPUBuffer;
}
