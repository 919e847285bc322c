import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from '../cache-directory.ts';
import { codeHash } from '../code-hash.ts';
import { digest } from '../digest.ts';
import { isLocked, withProcessLock } from '../process-lock.ts';
import type { Dataset } from './dataset.ts';
import { RasterFile } from './raster-file.ts';
import type { RasterShape, StoredRaster } from './stored-raster.ts';

/** Of all caches together: those that were not used for the longest time make room. */
const LIMIT_BYTES = 16 * 2 ** 30;
const HASH_BYTES = 32;
const BLOCK_BYTES = 512;
/** What a killed process loses at most. */
const FLUSHED_TOGETHER = 64;

/** The files of a cache. */
const PIXELS = 'pixels';
const INDEX = 'index';
const LOCK = 'lock';

export type FingerprintedDataset = Dataset & Required<Pick<Dataset, 'fingerprint'>>;

/** The cache cannot be written: the disk is full or gone, or not ours. */
export class CacheFailure extends Error {}

/**
 * The rasters of a dataset's images, kept for later runs in a folder of fsx's cache: `pixels`, a slot for each sample of
 * the dataset in its order, and `index`, the SHA-256 of every slot that is filled. The folder is named by all that the
 * pixels depend on, so that nothing in it is ever replaced: other images, another size or other code have another
 * folder, and processes that fill the same one write the same bytes. A slot enters the index when its pixels are on the
 * disk: what a killed process leaves is whole as far as the index goes.
 */
export class RasterCache {
  readonly #folder: string;
  readonly #file: RasterFile;
  readonly #index: FileHandle;
  readonly #hashes: Buffer;
  #unflushed: { slot: number; hash: string }[] = [];

  private constructor(folder: string, file: RasterFile, index: FileHandle, count: number) {
    this.#folder = folder;
    this.#file = file;
    this.#index = index;
    this.#hashes = Buffer.alloc(count * HASH_BYTES);
  }

  /**
   * The cache of a dataset that says what its pixels come from.
   * @throws {Error} of the file system, where the cache's folder cannot be written.
   */
  static async open(
    dataset: FingerprintedDataset,
    shape: RasterShape,
    limitBytes = LIMIT_BYTES,
  ): Promise<RasterCache> {
    const caches = join(cacheDirectory(), 'images');
    const folder = join(caches, await nameOf(dataset, shape));
    await mkdir(folder, { recursive: true });
    const index = await open(join(folder, INDEX), constants.O_RDWR | constants.O_CREAT);
    const area = shape.stored.width * shape.stored.height;
    const file = await RasterFile.open(join(folder, PIXELS), area);
    const cache = new RasterCache(folder, file, index, dataset.samples.length);
    const now = new Date();
    await utimes(folder, now, now);
    await makeRoom(caches, folder, limitBytes);
    await cache.readIndex();
    return cache;
  }

  /** For reading, until it is closed. */
  get descriptor(): number {
    return this.#file.descriptor;
  }

  /** Learns what other processes have filled. */
  async readIndex(): Promise<void> {
    await this.#index.read(this.#hashes, 0, this.#hashes.length, 0);
  }

  /** SHA-256 of the raster in a slot; undefined for an empty one. */
  hash(slot: number): string | undefined {
    const bytes = this.#hashes.subarray(slot * HASH_BYTES, (slot + 1) * HASH_BYTES);
    return bytes.every((byte) => byte === 0) ? undefined : bytes.toString('hex');
  }

  /** Keeps other processes from decoding the same images at the same time. */
  async exclusively(onWait: () => void, work: () => Promise<void>): Promise<void> {
    await withProcessLock(join(this.#folder, LOCK), onWait, work);
  }

  /** @throws {CacheFailure} */
  async write(slot: number, { bytes, hash }: StoredRaster): Promise<void> {
    await orCacheFailure(this.#file.write(slot, bytes));
    this.#unflushed.push({ slot, hash });
    if (this.#unflushed.length >= FLUSHED_TOGETHER) await this.flush();
  }

  /** Makes sure of everything that was written. @throws {CacheFailure} */
  async flush(): Promise<void> {
    const written = this.#unflushed;
    this.#unflushed = [];
    await orCacheFailure(this.#file.flush());
    for (const { slot, hash } of written) {
      const at = slot * HASH_BYTES;
      this.#hashes.write(hash, at, 'hex');
      await orCacheFailure(this.#index.write(this.#hashes, at, HASH_BYTES, at));
    }
  }

  /** Nothing more is written; `descriptor` remains. */
  async finish(): Promise<void> {
    await this.#index.close();
    await this.#file.finish();
  }
}

async function orCacheFailure(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (cause) {
    throw new CacheFailure('the cache of decoded images cannot be written', { cause });
  }
}

async function nameOf(dataset: FingerprintedDataset, { stored, fit }: RasterShape): Promise<string> {
  const { samples } = dataset;
  const sources = await Promise.all(samples.map((sample) => dataset.fingerprint(sample)));
  const code = codeHash(new URL('.', import.meta.url));
  const ids = samples.map(({ id }) => id);
  return digest([stored.width, stored.height, fit, code, ids, sources]).slice(0, 32);
}

/** Removes the caches that were not used for the longest time, until the rest is small enough; never `kept`. */
async function makeRoom(caches: string, kept: string, limitBytes: number): Promise<void> {
  const folders = (await readdir(caches)).map((name) => join(caches, name));
  const known = (await Promise.all(folders.map(describe))).filter((cache) => cache !== undefined);
  let total = known.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { folder, bytes } of known.sort((a, b) => a.usedMs - b.usedMs)) {
    if (total <= limitBytes) return;
    if (folder === kept || (await isLocked(join(folder, LOCK)))) continue;
    // where another process reads from it, that process keeps what it has opened
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    total -= bytes;
  }
}

/** Undefined for a cache that another process removes just now. */
async function describe(folder: string) {
  try {
    const [{ mtimeMs }, { blocks }] = await Promise.all([stat(folder), stat(join(folder, PIXELS))]);
    return { folder, usedMs: mtimeMs, bytes: blocks * BLOCK_BYTES };
  } catch {
    return undefined;
  }
}
