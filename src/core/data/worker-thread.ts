import { Worker } from 'node:worker_threads';
import { RunError } from '../errors.ts';
import type { WorkerAnswer, WorkerQuestion } from './worker-answers.ts';
import { receivedError } from './worker-error.ts';
import { workerModule } from './worker-module.ts';

interface Waiting<V> {
  resolve(value: V): void;
  reject(error: Error): void;
}

/** A thread that answers questions, in any order (see `answerQuestions`). */
export class WorkerThread<Q, V> {
  /** Settles when the thread can answer, or fails as it did. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting<V>>();
  #start!: Waiting<void>;
  #asked = 0;
  #failure: Error | undefined;

  /**
   * @param name the worker's module beside `from`, see `workerModule`.
   * @param data what `answerQuestions` gives to the module.
   */
  constructor(name: string, from: string, data: unknown) {
    const { url, options } = workerModule(name, from);
    this.ready = new Promise((resolve, reject) => {
      this.#start = { resolve, reject };
    });
    this.ready.catch(() => undefined);
    this.#worker = new Worker(url, { ...options, workerData: data });
    this.#worker.on('message', (answer: WorkerAnswer<V>) => this.#receive(answer));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', (code) => this.#fail(stopped(code)));
  }

  /** Questions without an answer yet. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** A thread that is not ready yet answers when it is. @throws {FsxError} what went wrong in the thread. */
  ask(question: Q): Promise<V> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const number = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#worker.postMessage({ number, question } satisfies WorkerQuestion<Q>);
    });
  }

  /** Ends the thread; questions without an answer are rejected with `reason`. */
  async close(reason: Error): Promise<void> {
    this.#fail(reason);
    await this.#worker.terminate();
  }

  #receive(answer: WorkerAnswer<V>): void {
    if ('ready' in answer) this.#start.resolve();
    else if (!('number' in answer)) this.#fail(receivedError(answer.error));
    else this.#settle(answer);
  }

  #settle(answer: Extract<WorkerAnswer<V>, { number: number }>): void {
    const waiting = this.#waiting.get(answer.number);
    this.#waiting.delete(answer.number);
    if ('value' in answer) waiting?.resolve(answer.value);
    else waiting?.reject(receivedError(answer.error));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#start.reject(this.#failure);
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

function stopped(exitCode: number): RunError {
  return new RunError('FSX_LOADER_FAILED', `a thread that loads images stopped (exit code ${exitCode})`, {
    suggestion: 'It may have run out of memory: lower data.image.oversample or the size of batches.',
  });
}
