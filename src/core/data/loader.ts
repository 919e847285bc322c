import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { RunError } from '../errors.ts';
import type { HostBatch } from './batch.ts';
import type { WorkerMessage, WorkerStart } from './loader-worker.ts';
import { receivedError } from './worker-error.ts';
import { workerModule } from './worker-module.ts';

const DEFAULT_DEPTH = 4;

export interface LoaderOptions extends WorkerStart {
  /** The step whose batch comes first: 0, or where a run resumes. */
  readonly firstStep: number;
  /** Batches kept ready. */
  readonly depth?: number;
}

interface Waiting<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/**
 * Makes the batches of coming steps in a worker thread while the present one trains. Batches arrive in the order of
 * steps and are the same as `makeBatch` gives; an error of the worker is thrown by the next `next()`.
 */
export class BatchLoader {
  readonly #worker: Worker;
  readonly #ready: HostBatch[] = [];
  #starting: Waiting<void> | undefined;
  #waiting: Waiting<HostBatch> | undefined;
  #failure: Error | undefined;
  #nextRequest: number;
  #waitedMs = 0;

  private constructor(worker: Worker, firstStep: number) {
    this.#worker = worker;
    this.#nextRequest = firstStep;
    worker.on('message', (message: WorkerMessage) => this.#receive(message));
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', (code) => this.#fail(stopped(code)));
  }

  /**
   * Starts the worker and makes the augmentations in it.
   * @throws {PluginError} when an augmentation is not known or its options are wrong.
   */
  static async start(options: LoaderOptions): Promise<BatchLoader> {
    const {
      store,
      plan,
      augmentation,
      registryModule,
      pluginPaths,
      firstStep,
      depth = DEFAULT_DEPTH,
    } = options;
    const start: WorkerStart = { store, plan, augmentation, registryModule, pluginPaths };
    const { url, options: workerOptions } = workerModule('loader-worker', import.meta.url);
    const loader = new BatchLoader(new Worker(url, { ...workerOptions, workerData: start }), firstStep);
    try {
      await new Promise<void>((resolve, reject) => {
        loader.#starting = { resolve, reject };
      });
    } catch (error) {
      await loader.close();
      throw error;
    }
    for (let ahead = 0; ahead < depth; ahead++) loader.#request();
    return loader;
  }

  /** Milliseconds that `next()` has waited for batches, all together. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /**
   * The batch of the next step. Call it again when it has answered.
   * @throws {FsxError} what went wrong in the worker.
   */
  async next(): Promise<HostBatch> {
    const start = performance.now();
    const batch = await this.#take();
    this.#waitedMs += performance.now() - start;
    this.#request();
    return batch;
  }

  /** Ends the worker; a `next()` that waits is rejected. */
  async close(): Promise<void> {
    this.#fail(new RunError('FSX_LOADER_CLOSED', 'the batch loader was closed'));
    await this.#worker.terminate();
  }

  #take(): Promise<HostBatch> {
    const batch = this.#ready.shift();
    if (batch !== undefined) return Promise.resolve(batch);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #request(): void {
    this.#worker.postMessage(this.#nextRequest++);
  }

  #receive(message: WorkerMessage): void {
    if ('ready' in message) this.#starting?.resolve();
    else if ('error' in message) this.#fail(receivedError(message.error));
    else if (this.#failure === undefined) this.#deliver(message.batch);
  }

  #deliver(batch: HostBatch): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#ready.push(batch);
    else waiting.resolve(batch);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#starting?.reject(this.#failure);
    this.#waiting?.reject(this.#failure);
    this.#waiting = undefined;
  }
}

function stopped(exitCode: number): RunError {
  return new RunError('FSX_LOADER_FAILED', `the batch loader stopped (exit code ${exitCode})`, {
    suggestion: 'It may have run out of memory: lower data.image.oversample or the number of images.',
  });
}
