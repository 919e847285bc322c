import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { RunError } from '../errors.ts';
import type { HostBatch } from './batch.ts';
import type { LoaderWorkerStart } from './loader-worker.ts';
import { WorkerThread } from './worker-thread.ts';

/** Batches kept ready, and one more for each further thread. */
const DEFAULT_DEPTH = 4;
const MOST_THREADS = 8;
/** So many steps in a row have waited before a further thread is started. */
const PATIENCE_STEPS = 3;
const SHORTEST_WAIT_MS = 1;

export interface LoaderOptions extends LoaderWorkerStart {
  /** The step whose batch comes first: 0, or where a run resumes. */
  readonly firstStep: number;
  readonly depth?: number;
  /** Threads that make batches; all processors but one, which trains. */
  readonly mostThreads?: number;
}

/**
 * Makes the batches of coming steps in worker threads while the present one trains: in one thread, and in further ones
 * when steps have to wait. Batches arrive in the order of steps and are the same as `makeBatch` gives; an error of a
 * worker is thrown by the `next()` whose batch it was.
 */
export class BatchLoader {
  readonly #start: LoaderWorkerStart;
  readonly #mostThreads: number;
  /** All that were started; `#threads` are those that are ready. */
  readonly #started: WorkerThread<number, HostBatch>[] = [];
  readonly #threads: WorkerThread<number, HostBatch>[] = [];
  readonly #coming: Promise<HostBatch>[] = [];
  #nextRequest: number;
  #waitedMs = 0;
  #waitsInARow = 0;

  private constructor(start: LoaderWorkerStart, firstStep: number, mostThreads: number) {
    this.#start = start;
    this.#nextRequest = firstStep;
    this.#mostThreads = mostThreads;
  }

  /**
   * Starts the first worker and makes the augmentations in it.
   * @throws {PluginError} when an augmentation is not known or its options are wrong.
   */
  static async start(options: LoaderOptions): Promise<BatchLoader> {
    const { store, plan, augmentation, registryModule, pluginPaths, firstStep } = options;
    const { depth = DEFAULT_DEPTH, mostThreads = spareProcessors() } = options;
    const start = { store, plan, augmentation, registryModule, pluginPaths };
    const loader = new BatchLoader(start, firstStep, mostThreads);
    try {
      await loader.#addThread();
    } catch (error) {
      await loader.close();
      throw error;
    }
    for (let ahead = 1; ahead < depth; ahead++) loader.#request();
    return loader;
  }

  /** Milliseconds that `next()` has waited for batches, all together. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /** Threads that make batches. */
  get threads(): number {
    return this.#threads.length;
  }

  /**
   * The batch of the next step. Call it again when it has answered.
   * @throws {FsxError} what went wrong in the worker.
   */
  async next(): Promise<HostBatch> {
    const startMs = performance.now();
    const batch = await this.#coming.shift()!;
    this.#count(performance.now() - startMs);
    this.#request();
    return batch;
  }

  /** Ends the workers; a `next()` that waits is rejected. */
  async close(): Promise<void> {
    const reason = new RunError('FSX_LOADER_CLOSED', 'the batch loader was closed');
    await Promise.all(this.#started.map((thread) => thread.close(reason)));
  }

  async #addThread(): Promise<void> {
    const thread = new WorkerThread<number, HostBatch>('loader-worker', import.meta.url, this.#start);
    this.#started.push(thread);
    await thread.ready;
    this.#threads.push(thread);
    this.#request();
  }

  /** Asks the thread that has the least to do for one more batch. */
  #request(): void {
    const idlest = this.#threads.reduce((a, b) => (b.pending < a.pending ? b : a));
    const batch = idlest.ask(this.#nextRequest++);
    batch.catch(() => undefined); // told by the `next()` that takes it
    this.#coming.push(batch);
  }

  #count(waitedMs: number): void {
    this.#waitedMs += waitedMs;
    this.#waitsInARow = waitedMs < SHORTEST_WAIT_MS ? 0 : this.#waitsInARow + 1;
    if (this.#waitsInARow < PATIENCE_STEPS || this.#started.length >= this.#mostThreads) return;
    this.#waitsInARow = 0;
    // where it does not start, the others go on
    this.#addThread().catch(() => undefined);
  }
}

function spareProcessors(): number {
  return Math.max(1, Math.min(MOST_THREADS, availableParallelism() - 1));
}
