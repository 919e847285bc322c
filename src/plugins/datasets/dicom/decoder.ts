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
/** Of JavaScript objects; pixels lie outside of it, and are limited by `maxMegapixels`. */
const THREAD_HEAP_MB = 512;

/**
 * Decodes pixels in threads of their own, so that no file can stop or crash the program: a thread that takes too long, or
 * whose decoder failed, is ended, and the next file gets a fresh one. Idle threads do not keep the program alive.
 */
export class DicomDecoder {
  readonly #settings: DicomSettings;
  readonly #idle: Worker[] = [];
  readonly #waiting: (() => void)[] = [];
  #free = Math.min(MOST_THREADS, availableParallelism());

  constructor(settings: DicomSettings) {
    this.#settings = settings;
  }

  /** @throws {DataError} FSX_IMAGE_UNREADABLE, FSX_IMAGE_TIMEOUT, and as `headerOf`. */
  async read(path: string): Promise<GreyImage> {
    await this.#turn();
    const worker = this.#idle.pop() ?? this.#start();
    try {
      const image = await this.#decode(worker, path);
      this.#idle.push(worker);
      return image;
    } catch (error) {
      await worker.terminate();
      throw error;
    } finally {
      this.#pass();
    }
  }

  #start(): Worker {
    const { url, options } = workerModule('decode-worker', import.meta.url);
    const resourceLimits = { maxOldGenerationSizeMb: THREAD_HEAP_MB };
    const worker = new Worker(url, { ...options, workerData: this.#settings, resourceLimits });
    worker.on('error', () => this.#forget(worker));
    return worker;
  }

  async #decode(worker: Worker, path: string): Promise<GreyImage> {
    const { maxDecodeSeconds } = this.#settings;
    const signal = AbortSignal.timeout(maxDecodeSeconds * 1000);
    worker.ref();
    worker.postMessage(path);
    try {
      // rejects at the worker's `error` event too
      const [answer] = (await once(worker, 'message', { signal })) as [DecodeAnswer];
      if ('image' in answer) return answer.image;
      throw receivedError(answer.error);
    } catch (cause) {
      throw signal.aborted ? timedOut(path, maxDecodeSeconds) : unreadable(path, cause);
    } finally {
      worker.unref();
    }
  }

  #forget(worker: Worker): void {
    const index = this.#idle.indexOf(worker);
    if (index >= 0) this.#idle.splice(index, 1);
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
