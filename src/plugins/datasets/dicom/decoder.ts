import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { GreyImage } from '../../../core/data/dataset.ts';
import { receivedError } from '../../../core/data/worker-error.ts';
import { workerModule } from '../../../core/data/worker-module.ts';
import { DataError } from '../../../core/errors.ts';
import type { DecodeAnswer } from './decode-worker.ts';
import { unreadable } from './errors.ts';
import type { DicomSettings } from './options.ts';

const MOST_THREADS = 4;
const IDLE_MS = 5_000;
/** Of JavaScript objects; pixels lie outside of it, and are limited by `maxMegapixels`. */
const THREAD_HEAP_MB = 512;

/**
 * Decodes pixels in threads of their own, so that no file can stop or crash the program: a thread that takes too long or
 * breaks down is ended, and the next file gets a fresh one. An idle thread keeps neither the program alive nor, for more
 * than some seconds, its memory.
 */
export class DicomDecoder {
  readonly #settings: DicomSettings;
  readonly #idle = new Map<Worker, NodeJS.Timeout>();
  readonly #waiting: (() => void)[] = [];
  #free = Math.min(MOST_THREADS, availableParallelism());

  constructor(settings: DicomSettings) {
    this.#settings = settings;
  }

  /** @throws {DataError} FSX_IMAGE_UNREADABLE, FSX_IMAGE_TIMEOUT, and as `headerOf`. */
  async read(path: string): Promise<GreyImage> {
    const answer = await this.#inTurn(path);
    if ('image' in answer) return answer.image;
    throw receivedError(answer.error);
  }

  async #inTurn(path: string): Promise<DecodeAnswer> {
    await this.#turn();
    const worker = this.#wake() ?? this.#start();
    try {
      const answer = await this.#ask(worker, path);
      this.#rest(worker);
      return answer;
    } catch (error) {
      await this.#end(worker);
      throw error;
    } finally {
      this.#pass();
    }
  }

  #start(): Worker {
    const { url, options } = workerModule('decode-worker', import.meta.url);
    const resourceLimits = { maxOldGenerationSizeMb: THREAD_HEAP_MB };
    const worker = new Worker(url, { ...options, workerData: this.#settings, resourceLimits });
    worker.on('error', () => this.#end(worker));
    return worker;
  }

  async #ask(worker: Worker, path: string): Promise<DecodeAnswer> {
    const { maxDecodeSeconds } = this.#settings;
    const signal = AbortSignal.timeout(maxDecodeSeconds * 1000);
    worker.ref();
    worker.postMessage(path);
    try {
      // rejects at the worker's `error` event too
      const [answer] = (await once(worker, 'message', { signal })) as [DecodeAnswer];
      return answer;
    } catch (cause) {
      throw signal.aborted ? timedOut(path, maxDecodeSeconds) : unreadable(path, cause);
    } finally {
      worker.unref();
    }
  }

  #wake(): Worker | undefined {
    const [first] = this.#idle;
    if (first === undefined) return undefined;
    const [worker, timer] = first;
    clearTimeout(timer);
    this.#idle.delete(worker);
    return worker;
  }

  #rest(worker: Worker): void {
    this.#idle.set(worker, setTimeout(() => this.#end(worker), IDLE_MS).unref());
  }

  async #end(worker: Worker): Promise<void> {
    clearTimeout(this.#idle.get(worker));
    this.#idle.delete(worker);
    await worker.terminate();
  }

  async #turn(): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #pass(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

function timedOut(path: string, seconds: number): DataError {
  return new DataError('FSX_IMAGE_TIMEOUT', `${path} was not decoded within ${seconds} s`, {
    suggestion: 'The file may be damaged: leave it out, or raise maxDecodeSeconds.',
  });
}
