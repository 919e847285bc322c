import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { BackendValues } from '@tensorflow/tfjs-core';
import { EngineError } from '../../errors.ts';

type DataId = Parameters<WebGPUBackend['read']>[0];

/** The stock backend, but that a GPU's failure reaches whoever reads a tensor next: WebGPU reports it later than it happens. */
export class CheckedBackend extends WebGPUBackend {
  #failure: EngineError | undefined;

  constructor(device: GPUDevice, info: GPUAdapterInfo) {
    super(device, info);
    device.onuncapturederror = (event) => {
      event.preventDefault(); // else it is written to stderr too
      this.#failure ??= failureOf(event.error);
    };
    void device.lost.then(({ message }) => {
      this.#failure ??= new EngineError('FSX_ENGINE_WEBGPU', `the GPU was lost: ${message}`);
    });
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    const values = await super.read(dataId).catch((cause: unknown) => {
      throw this.#failure ?? cause;
    });
    if (this.#failure !== undefined) throw this.#failure;
    return values;
  }

  /** Values that were never on the GPU; the stock way to read others needs a browser. */
  override readSync(dataId: DataId): BackendValues {
    const { values } = this.tensorMap.get(dataId);
    if (values !== null && values !== undefined) return values;
    throw new EngineError(
      'FSX_ENGINE_SYNC_READ',
      'a tensor was read at once (`dataSync`, `arraySync`), which WebGPU cannot do',
      {
        suggestion:
          'A step must read no tensor back. Elsewhere `await tensor.data()`, or choose another engine.',
      },
    );
  }

  override dispose(): void {
    super.dispose();
    this.device.destroy();
  }
}

function failureOf(error: GPUError): EngineError {
  if (!(error instanceof GPUOutOfMemoryError)) {
    return new EngineError('FSX_ENGINE_WEBGPU', `the GPU reports: ${error.message}`, {
      suggestion: 'Choose another engine (`--engine`), and report this output.',
    });
  }
  return new EngineError('FSX_ENGINE_OUT_OF_MEMORY', 'out of memory: the GPU has no more', {
    suggestion: 'Use a smaller batch or image.',
  });
}
