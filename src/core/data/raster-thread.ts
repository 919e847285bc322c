import { Worker } from 'node:worker_threads';
import { RunError } from '../errors.ts';
import type { DatasetSource, RasterAnswer } from './raster-worker.ts';
import type { RasterShape, StoredRaster } from './stored-raster.ts';
import { receivedError } from './worker-error.ts';
import { workerModule } from './worker-module.ts';

interface Waiting {
  resolve(raster: StoredRaster): void;
  reject(error: Error): void;
}

/** A thread that reads images of a dataset. */
export class RasterThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<string, Waiting>();
  #failure: Error | undefined;

  constructor(source: DatasetSource, shape: RasterShape) {
    const { url, options } = workerModule('raster-worker', import.meta.url);
    this.#worker = new Worker(url, { ...options, workerData: { source, shape } });
    this.#worker.on('message', (answer: RasterAnswer) => this.#receive(answer));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', (code) => this.#fail(stopped(code)));
  }

  /** @throws {FsxError} as `Dataset.read` of the thread. */
  read(id: string): Promise<StoredRaster> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage(id);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #receive(answer: RasterAnswer): void {
    if (!('id' in answer)) {
      this.#fail(receivedError(answer.error));
      return;
    }
    const waiting = this.#waiting.get(answer.id)!;
    this.#waiting.delete(answer.id);
    if ('raster' in answer) waiting.resolve(answer.raster);
    else waiting.reject(receivedError(answer.error));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

function stopped(exitCode: number): RunError {
  return new RunError('FSX_LOADER_FAILED', `a thread that reads images stopped (exit code ${exitCode})`, {
    suggestion: 'It may have run out of memory: are the images very large?',
  });
}
