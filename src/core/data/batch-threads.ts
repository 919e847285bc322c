import { availableParallelism } from 'node:os';
import { RunError } from '../errors.ts';
import type { HostBatch } from './batch.ts';
import type { BatchRequest, LoaderWorkerStart } from './loader-worker.ts';
import { WorkerThread } from './worker-thread.ts';

const MOST_THREADS = 8;

export interface BatchThreadsOptions extends LoaderWorkerStart {
  /** Threads that make batches; all processors but one, which trains. */
  readonly mostThreads?: number;
}

/** The worker threads that make the batches of a run: one, and further ones when that is asked for. */
export class BatchThreads {
  readonly #start: LoaderWorkerStart;
  readonly #mostThreads: number;
  /** All that were started; `#asked` are those that get requests. */
  readonly #started: WorkerThread<BatchRequest, HostBatch>[] = [];
  readonly #asked: WorkerThread<BatchRequest, HostBatch>[] = [];

  /** Starts the first thread, which takes requests at once and answers them when it is ready. */
  constructor({ mostThreads = spareProcessors(), ...start }: BatchThreadsOptions) {
    this.#start = start;
    this.#mostThreads = mostThreads;
    this.#asked.push(this.#startThread());
  }

  /** Threads that make batches. */
  get count(): number {
    return this.#asked.length;
  }

  /** The same as `makeBatch` gives. @throws {FsxError} what went wrong in the thread. */
  ask(request: BatchRequest): Promise<HostBatch> {
    const idlest = this.#asked.reduce((a, b) => (b.pending < a.pending ? b : a));
    return idlest.ask(request);
  }

  /** Starts a further thread, if there may be one more. @param onReady called when it can answer, if it ever can. */
  grow(onReady: () => void): void {
    if (this.#started.length >= this.#mostThreads) return;
    const thread = this.#startThread();
    thread.ready.then(
      () => {
        this.#asked.push(thread);
        onReady();
      },
      () => undefined, // where it does not start, the others go on
    );
  }

  /** Ends the threads; a request that waits is rejected. */
  async close(): Promise<void> {
    const reason = new RunError('FSX_LOADER_CLOSED', 'the threads that make batches were ended');
    await Promise.all(this.#started.map((thread) => thread.close(reason)));
  }

  #startThread(): WorkerThread<BatchRequest, HostBatch> {
    const thread = new WorkerThread<BatchRequest, HostBatch>('loader-worker', import.meta.url, this.#start);
    this.#started.push(thread);
    return thread;
  }
}

function spareProcessors(): number {
  return Math.max(1, Math.min(MOST_THREADS, availableParallelism() - 1));
}
