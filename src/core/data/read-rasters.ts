import { availableParallelism } from 'node:os';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { RunError } from '../errors.ts';
import type { Dataset, Sample } from './dataset.ts';
import type { DatasetSource, RasterWorkerStart } from './raster-worker.ts';
import { type RasterShape, type StoredRaster, storedRaster } from './stored-raster.ts';
import { WorkerThread } from './worker-thread.ts';

/** Images that are read at the same time in this thread, where reading waits for a disk or for another thread. */
const READS_AT_ONCE = 4;
/** So that a thread has the next image when it is done with one. */
const READS_AT_ONCE_OF_A_THREAD = 2;
const MOST_THREADS = 8;
/** Starting threads costs a second of processor time each: a set that is read sooner does without. */
const HELP_AFTER_MS = 500;

export interface RasterReading {
  readonly dataset: Dataset;
  readonly samples: readonly Sample[];
  /** Which of the samples are read. */
  readonly positions: readonly number[];
  readonly shape: RasterShape;
  /** Lets further threads help with a set that takes long. */
  readonly source?: DatasetSource;
  readonly helpAfterMs?: number;
  /** Gets every raster, in any order. */
  take(position: number, raster: StoredRaster): Promise<void> | void;
}

type ReadRaster = (sample: Sample) => Promise<StoredRaster>;

/**
 * Reads images as a store keeps them, on as many threads as the machine has processors for.
 * @throws {DataError} from the dataset, for the first image that cannot be read.
 */
export async function readRasters(reading: RasterReading): Promise<void> {
  const { dataset, samples, shape, source, helpAfterMs = HELP_AFTER_MS } = reading;
  const queue = reading.positions.values();
  const work = async (read: ReadRaster) => {
    for (const position of queue) {
      await reading.take(position, await read(samples[position]!));
      await nextTurn(); // lets other threads' answers in where reading never waits
    }
  };
  const done = new AbortController();
  const threads: WorkerThread<string, StoredRaster>[] = [];
  const help = async (from: DatasetSource) => {
    const late = await delay(helpAfterMs, true, { signal: done.signal }).catch(() => false);
    if (!late) return;
    const count = Math.min(MOST_THREADS, availableParallelism()) - 1;
    for (let k = 0; k < count; k++)
      threads.push(
        new WorkerThread('raster-worker', import.meta.url, {
          source: from,
          shape,
        } satisfies RasterWorkerStart),
      );
    await Promise.all(
      threads.flatMap((thread) =>
        Array.from({ length: READS_AT_ONCE_OF_A_THREAD }, () => work(({ id }) => thread.ask(id))),
      ),
    );
  };
  const here: ReadRaster = async (sample) => storedRaster(await dataset.read(sample), shape);
  const inThisThread = Promise.all(Array.from({ length: READS_AT_ONCE }, () => work(here)));
  try {
    await Promise.all([inThisThread.finally(() => done.abort()), source && help(source)]);
  } finally {
    done.abort();
    queue.return?.();
    const reason = new RunError('FSX_LOADER_CLOSED', 'the reading of images has ended');
    await Promise.all(threads.map((thread) => thread.close(reason)));
  }
}
