import { randomUUID } from 'node:crypto';
import { closeSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from '../cache-directory.ts';
import { DataError, FsxError } from '../errors.ts';
import type { Dataset, Sample } from './dataset.ts';
import { CacheFailure, type FingerprintedDataset, RasterCache } from './raster-cache.ts';
import { RasterFile } from './raster-file.ts';
import type { DatasetSource } from './raster-worker.ts';
import { readRasters } from './read-rasters.ts';
import { readImage, type StoredPixels } from './stored-pixels.ts';
import type { RasterShape, StoredRaster } from './stored-raster.ts';

/** Rasters of more bytes than this stay on disk. */
const MEMORY_LIMIT_BYTES = 512 * 2 ** 20;

export interface PixelLoading {
  readonly dataset: Dataset;
  readonly samples: readonly Sample[];
  readonly shape: RasterShape;
  /** Lets further threads read images too. */
  readonly source?: DatasetSource;
  readonly memoryLimitBytes?: number;
  readonly onProgress?: (done: number, total: number) => void;
  /** Called when another process reads the same images, and this one waits for it. */
  readonly onWait?: () => void;
}

/** The rasters of some samples, in their order. */
export interface LoadedPixels {
  readonly pixels: StoredPixels;
  /** SHA-256 of each raster. */
  readonly hashes: readonly string[];
}

/**
 * Reads the pixels of samples: from the cache of an earlier run where there is one, else from the dataset and into the
 * cache. A dataset that does not say what its pixels come from, or a cache that cannot be written, does without.
 * @throws {DataError} from the dataset; FSX_IMAGES_TOO_LARGE when the rasters fit neither into memory nor on the disk.
 */
export async function loadPixels(loading: PixelLoading): Promise<LoadedPixels> {
  const cached = await fromCache(loading);
  if (cached !== undefined) return cached;
  return fitsIntoMemory(loading) ? readIntoMemory(loading) : readIntoFile(loading);
}

async function fromCache(loading: PixelLoading): Promise<LoadedPixels | undefined> {
  const { dataset, shape } = loading;
  if (dataset.fingerprint === undefined) return undefined;
  const cache = await RasterCache.open(dataset as FingerprintedDataset, shape).catch(() => undefined);
  if (cache === undefined) return undefined;
  const { descriptor } = cache;
  try {
    const slots = slotsOf(loading);
    await fill(cache, slots, loading);
    const hashes = Array.from(slots, (slot) => cache.hash(slot)!);
    return { hashes, pixels: settle(loading, { kind: 'file', descriptor, slots }) };
  } catch (error) {
    closeSync(descriptor);
    if (error instanceof CacheFailure) return undefined;
    throw error;
  } finally {
    await cache.finish();
  }
}

/** Where the samples lie in the cache: in the dataset's order. */
function slotsOf({ dataset, samples }: PixelLoading): Int32Array {
  const slot = new Map(dataset.samples.map(({ id }, index) => [id, index]));
  return Int32Array.from(samples, ({ id }) => slot.get(id)!);
}

/** Reads what the cache lacks. */
async function fill(cache: RasterCache, slots: Int32Array, loading: PixelLoading): Promise<void> {
  const { samples, onProgress, onWait = () => undefined } = loading;
  const missing = () => [...samples.keys()].filter((position) => cache.hash(slots[position]!) === undefined);
  if (missing().length === 0) return onProgress?.(samples.length, samples.length);
  await cache.exclusively(onWait, async () => {
    await cache.readIndex();
    await readSome(loading, missing(), (position, raster) => cache.write(slots[position]!, raster));
    await cache.flush();
  });
}

/** Pixels of a file, in memory where they are few enough. */
function settle(loading: PixelLoading, file: StoredPixels & { kind: 'file' }): StoredPixels {
  if (!fitsIntoMemory(loading)) return file;
  const bytes = memoryFor(loading);
  const area = areaOf(loading);
  for (const [position, slot] of file.slots.entries()) {
    readImage(file.descriptor, area, slot, bytes.subarray(position * area, (position + 1) * area));
  }
  closeSync(file.descriptor);
  return { kind: 'memory', bytes };
}

async function readIntoMemory(loading: PixelLoading): Promise<LoadedPixels> {
  const bytes = memoryFor(loading);
  const area = areaOf(loading);
  const hashes = await readEvery(loading, (position, raster) => bytes.set(raster.bytes, position * area));
  return { hashes, pixels: { kind: 'memory', bytes } };
}

/** A file without a name: the system frees it when this process has ended, however that happens. */
async function readIntoFile(loading: PixelLoading): Promise<LoadedPixels> {
  const path = join(cacheDirectory(), `rasters-${randomUUID()}`);
  try {
    await mkdir(cacheDirectory(), { recursive: true });
    const file = await RasterFile.open(path, areaOf(loading)).finally(() => rm(path, { force: true }));
    const hashes = await readEvery(loading, (position, { bytes }) => file.write(position, bytes));
    await file.finish();
    const slots = Int32Array.from(loading.samples.keys());
    return { hashes, pixels: { kind: 'file', descriptor: file.descriptor, slots } };
  } catch (cause) {
    if (cause instanceof FsxError) throw cause;
    throw tooLarge(loading, cause as Error);
  }
}

/** @returns the hashes. */
async function readEvery(loading: PixelLoading, take: TakeRaster): Promise<string[]> {
  const hashes: string[] = new Array(loading.samples.length);
  await readSome(loading, [...loading.samples.keys()], (position, raster) => {
    hashes[position] = raster.hash;
    return take(position, raster);
  });
  return hashes;
}

type TakeRaster = (position: number, raster: StoredRaster) => Promise<void> | void;

async function readSome(
  loading: PixelLoading,
  positions: readonly number[],
  take: TakeRaster,
): Promise<void> {
  const { samples, onProgress } = loading;
  let done = samples.length - positions.length;
  const takeAndTell: TakeRaster = async (position, raster) => {
    await take(position, raster);
    onProgress?.(++done, samples.length);
  };
  await readRasters({ ...loading, positions, take: takeAndTell });
}

function areaOf({ shape: { stored } }: PixelLoading): number {
  return stored.width * stored.height;
}

function fitsIntoMemory(loading: PixelLoading): boolean {
  const { samples, memoryLimitBytes = MEMORY_LIMIT_BYTES } = loading;
  return samples.length * areaOf(loading) <= memoryLimitBytes;
}

function memoryFor(loading: PixelLoading): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(loading.samples.length * areaOf(loading)));
}

function tooLarge(loading: PixelLoading, cause: Error): DataError {
  const gigabytes = ((loading.samples.length * areaOf(loading)) / 1e9).toFixed(1);
  return new DataError(
    'FSX_IMAGES_TOO_LARGE',
    `the decoded images take ${gigabytes} GB, and ${cacheDirectory()} cannot hold them (${cause.message})`,
    {
      suggestion:
        'Free some disk space, set FSX_CACHE to a folder on another disk, or lower data.image.oversample.',
      cause,
    },
  );
}
