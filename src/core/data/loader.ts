import { performance } from 'node:perf_hooks';
import type { HostBatch } from './batch.ts';
import type { BatchThreads } from './batch-threads.ts';

/** Batches kept ready, and one more for each further thread. */
const DEFAULT_DEPTH = 4;
/** So many steps in a row have waited before a further thread is started. */
const PATIENCE_STEPS = 3;
const SHORTEST_WAIT_MS = 1;

export interface LoaderOptions {
  /** Position of the stage's plan among those of the threads. */
  readonly plan: number;
  /** The step whose batch comes first: 0, or where a run resumes. */
  readonly firstStep: number;
  /** Batches of this step and later ones are not made. */
  readonly endStep: number;
  readonly depth?: number;
}

/**
 * Has the batches of a stage's coming steps made while the present one trains, by further threads too when steps have to
 * wait. Batches arrive in the order of steps; an error of a thread is thrown by the `next()` whose batch it was.
 */
export class BatchLoader {
  readonly #threads: BatchThreads;
  readonly #options: LoaderOptions;
  readonly #coming: Promise<HostBatch>[] = [];
  #nextRequest: number;
  #waitedMs = 0;
  #waitsInARow = 0;

  constructor(threads: BatchThreads, options: LoaderOptions) {
    this.#threads = threads;
    this.#options = options;
    this.#nextRequest = options.firstStep;
    const { depth = DEFAULT_DEPTH } = options;
    for (let ahead = 1; ahead < depth + threads.count; ahead++) this.#request();
  }

  /** Milliseconds that `next()` has waited for batches, all together. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /**
   * The batch of the next step, of which there must be one. Call it again when it has answered.
   * @throws {FsxError} what went wrong in the thread.
   */
  async next(): Promise<HostBatch> {
    const startMs = performance.now();
    const batch = await this.#coming.shift()!;
    this.#count(performance.now() - startMs);
    this.#request();
    return batch;
  }

  #request(): void {
    const { plan, endStep } = this.#options;
    if (this.#nextRequest >= endStep) return;
    const batch = this.#threads.ask({ plan, step: this.#nextRequest++ });
    batch.catch(() => undefined); // told by the `next()` that takes it
    this.#coming.push(batch);
  }

  #count(waitedMs: number): void {
    this.#waitedMs += waitedMs;
    this.#waitsInARow = waitedMs < SHORTEST_WAIT_MS ? 0 : this.#waitsInARow + 1;
    if (this.#waitsInARow < PATIENCE_STEPS) return;
    this.#waitsInARow = 0;
    this.#threads.grow(() => this.#request());
  }
}
