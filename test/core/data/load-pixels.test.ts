import { closeSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type BatchPlan, makeBatch } from '../../../src/core/data/batch.ts';
import { BatchThreads } from '../../../src/core/data/batch-threads.ts';
import type { Dataset } from '../../../src/core/data/dataset.ts';
import {
  type ImageStore,
  type ImageStoreOptions,
  loadImageStore,
} from '../../../src/core/data/image-store.ts';
import { BatchLoader } from '../../../src/core/data/loader.ts';
import { type FingerprintedDataset, RasterCache } from '../../../src/core/data/raster-cache.ts';
import { readRasters } from '../../../src/core/data/read-rasters.ts';
import { closePixels, pixelsOf } from '../../../src/core/data/stored-pixels.ts';
import { type StoredRaster, storedRaster } from '../../../src/core/data/stored-raster.ts';
import { DataError } from '../../../src/core/errors.ts';
import { Random } from '../../../src/core/random.ts';
import { temporaryFolder } from '../../e2e/cli.ts';
import { createRegistry } from './loader-registry.ts';

const COUNT = 6;
const SIZE = { width: 40, height: 32 };
const STORED = { width: 60, height: 48 };
const OPTIONS: ImageStoreOptions = { size: SIZE, fit: 'pad', oversample: 1.5 };
const REGISTRY = new URL('./loader-registry.ts', import.meta.url).href;
const PLAN: BatchPlan = {
  seed: 3,
  stage: 'finetune',
  labeled: { images: [0, 1], batch: 2 },
  unlabeled: { images: [2, 3, 4, 5], batch: 3 },
  donors: [0, 1, 2, 3, 4, 5],
};

let folder: ReturnType<typeof temporaryFolder>;
let cache: string;
const stores: ImageStore[] = [];

beforeEach(async () => {
  folder = temporaryFolder();
  cache = join(folder.path, 'cache');
  vi.stubEnv('FSX_CACHE', cache);
  mkdirSync(join(folder.path, 'images'));
  const rows = ['image,landmark,x,y'];
  for (let k = 0; k < COUNT; k++) {
    await writeImage(k);
    rows.push(`${k}.png,apex,${10 + k},${20 - k}`);
  }
  writeFileSync(join(folder.path, 'landmarks.csv'), `${rows.join('\n')}\n`);
});

afterEach(() => {
  vi.unstubAllEnvs();
  for (const store of stores.splice(0)) closePixels(store);
  folder[Symbol.dispose]();
});

async function writeImage(k: number, seed = k): Promise<void> {
  const [width, height] = [50 + k, 70];
  const random = new Random(seed, 'image');
  const pixels = Uint8Array.from({ length: width * height }, () => random.integer(0, 255));
  await sharp(pixels, { raw: { width, height, channels: 1 } })
    .png()
    .toFile(join(folder.path, 'images', `${k}.png`));
}

/** The folder's images, and which of them were read from their files. */
async function openDataset(): Promise<{ dataset: FingerprintedDataset; read: string[] }> {
  const registry = await createRegistry([]);
  const found = await registry.create('dataset', { type: 'landmark-csv' }, { baseDirectory: folder.path });
  const read: string[] = [];
  const dataset: Dataset = {
    ...found,
    read: (sample) => {
      read.push(sample.id);
      return found.read(sample);
    },
  };
  return { dataset: dataset as FingerprintedDataset, read };
}

async function load(options: Partial<ImageStoreOptions> = {}, change: Partial<Dataset> = {}) {
  const { dataset, read } = await openDataset();
  const store = await loadImageStore({ ...dataset, ...change }, dataset.samples, { ...OPTIONS, ...options });
  stores.push(store);
  return { store, read };
}

/** The dataset as one that cannot say what its pixels come from. */
async function loadWithoutCache(options: Partial<ImageStoreOptions> = {}) {
  const { dataset } = await openDataset();
  const { fingerprint: _, ...plain } = dataset;
  const store = await loadImageStore(plain, dataset.samples, { ...OPTIONS, ...options });
  stores.push(store);
  return store;
}

async function batchesOf(store: ImageStore) {
  const registry = await createRegistry([]);
  const make = (type: string) => registry.create('augmentation', { type }, {});
  const strong = [make('affine'), make('histogram-match')];
  return [0, 1, 2].map((step) => makeBatch(store, PLAN, { weak: [], strong }, step));
}

it('gives the same batches, bit for bit, without a cache, into it, from it, in memory and on disk', async () => {
  const expected = await batchesOf(await loadWithoutCache());
  expect(await batchesOf(await loadWithoutCache({ memoryLimitBytes: 0 }))).toEqual(expected);
  const cold = await load();
  expect(cold.read).toHaveLength(COUNT);
  expect(await batchesOf(cold.store)).toEqual(expected);
  for (const memoryLimitBytes of [1e9, 0]) {
    const warm = await load({ memoryLimitBytes });
    expect(warm.read).toEqual([]);
    expect(warm.store.pixels.kind).toBe(memoryLimitBytes === 0 ? 'file' : 'memory');
    expect(warm.store.images).toEqual(cold.store.images);
    expect(await batchesOf(warm.store)).toEqual(expected);
  }
});

it("gives the loader's thread the pixels of a file", async () => {
  const expected = await batchesOf(await loadWithoutCache());
  const { store } = await load({ memoryLimitBytes: 0 });
  const augmentation = { weak: [], strong: [{ type: 'affine' }, { type: 'histogram-match' }] };
  const threads = new BatchThreads({
    ...{ store, plans: [PLAN], augmentation, registryModule: REGISTRY, pluginPaths: [] },
  });
  const loader = new BatchLoader(threads, { plan: 0, firstStep: 0, endStep: expected.length });
  for (const batch of expected) expect(await loader.next()).toEqual(batch);
  await threads.close();
});

it('reads again only what a killed process had not recorded', async () => {
  const { dataset } = await openDataset();
  const shape = { stored: STORED, fit: 'pad' } as const;
  const killed = await RasterCache.open(dataset, shape);
  const rasters = await Promise.all(
    dataset.samples.map(async (sample) => storedRaster(await dataset.read(sample), shape)),
  );
  for (const slot of [1, 4]) await killed.write(slot, rasters[slot]!);
  await killed.flush();
  await killed.write(2, { ...rasters[2]!, bytes: rasters[2]!.bytes.map((value) => 255 - value) });
  await killed.finish();
  closeSync(killed.descriptor);

  const { store, read } = await load();
  expect(read.sort()).toEqual(['0.png', '2.png', '3.png', '5.png']);
  expect(await batchesOf(store)).toEqual(await batchesOf(await loadWithoutCache()));
});

it('sees that an image was changed on disk, or added', async () => {
  const before = await load();
  await writeImage(3, 99);
  const changed = await load();
  expect(pixelsOf(changed.store, 3)).not.toEqual(pixelsOf(before.store, 3));
  expect(await batchesOf(changed.store)).toEqual(await batchesOf(await loadWithoutCache()));
  await writeImage(COUNT);
  const more = await load();
  expect(pixelsOf(more.store, COUNT)).toHaveLength(STORED.width * STORED.height);
});

it('does without a cache where none can be written, and says so only of images that memory cannot hold', async () => {
  const expected = await batchesOf(await loadWithoutCache());
  writeFileSync(cache, 'a file stands where the folder should be');
  expect(await batchesOf((await load()).store)).toEqual(expected);
  await expect(load({ memoryLimitBytes: 0 })).rejects.toMatchObject({
    code: 'FSX_IMAGES_TOO_LARGE',
    suggestion: expect.stringContaining('FSX_CACHE'),
  });
});

it('an image that cannot be read is told of, and the others are not kept as if they were all', async () => {
  const read = () => Promise.reject(new DataError('FSX_TEST', 'damaged'));
  await expect(load({}, { read })).rejects.toThrow('damaged');
  const { store } = await load();
  expect(await batchesOf(store)).toEqual(await batchesOf(await loadWithoutCache()));
});

it.skipIf(availableParallelism() < 2)('further threads read the same pixels', async () => {
  const { dataset, read } = await openDataset();
  const shape = { stored: STORED, fit: 'pad' } as const;
  const source = { baseDirectory: folder.path, registryModule: REGISTRY, pluginPaths: [] };
  const rasters: StoredRaster[] = [];
  let helped = () => {};
  const help = new Promise<void>((resolve) => {
    helped = resolve;
  });
  await readRasters({
    // This thread begins with four images, and ends none of them before others have read the rest.
    dataset: { ...dataset, read: (sample) => help.then(() => dataset.read(sample)) },
    ...{ samples: dataset.samples, positions: [0, 1, 2, 3, 4, 5], shape, helpAfterMs: 0 },
    source: { ...source, dataset: { type: 'landmark-csv' } },
    take(position, raster) {
      rasters[position] = raster;
      if (rasters[4] && rasters[5]) helped();
    },
  });
  expect(read).toHaveLength(4);
  const { store } = await load();
  rasters.forEach(({ bytes }, position) => {
    expect(bytes).toEqual(Uint8Array.from(pixelsOf(store, position)));
  });
});

it('the error of a further thread is thrown as it was there', async () => {
  const { dataset } = await openDataset();
  const reading = readRasters({
    dataset: { ...dataset, read: () => new Promise(() => {}) },
    ...{ samples: dataset.samples, positions: [0, 1, 2, 3, 4, 5], shape: { stored: STORED, fit: 'pad' } },
    source: { dataset: { type: 'no-such' }, baseDirectory: '.', registryModule: REGISTRY, pluginPaths: [] },
    helpAfterMs: 0,
    take: () => {},
  });
  await expect(reading).rejects.toMatchObject({ code: 'FSX_PLUGIN_UNKNOWN' });
});

it('old caches make room for new ones, but not the one that is in use', async () => {
  const { dataset } = await openDataset();
  const shapeOf = (width: number) => ({ stored: { width, height: 64 }, fit: 'pad' }) as const;
  const folders = () => readdirSync(join(cache, 'images'));
  const counts: number[] = [];
  for (const width of [64, 65, 66]) {
    const shape = shapeOf(width);
    const one = await RasterCache.open(dataset, shape, 10_000);
    for (const [slot, sample] of dataset.samples.entries())
      await one.write(slot, storedRaster(await dataset.read(sample), shape));
    await one.flush();
    await one.finish();
    closeSync(one.descriptor);
    counts.push(folders().length);
  }
  expect(counts).toEqual([1, 1, 1]);
});

it('many images do not grow memory', async () => {
  const side = 512;
  const samples = Array.from({ length: 500 }, (_, index) => ({
    ...{ id: String(index), width: side, height: side, landmarks: [null] },
  }));
  const pixels = Float32Array.from({ length: side * side }, (_, k) => (k % 256) / 255);
  const read = async () => ({ width: side, height: side, pixels });
  const dataset: Dataset = { landmarkNames: ['apex'], mirrorPairs: [], edges: [], samples, read };
  const before = process.memoryUsage().rss;
  const store = await loadImageStore(dataset, samples, {
    ...{ size: { width: side, height: side }, fit: 'pad', oversample: 1, memoryLimitBytes: 1e6 },
  });
  stores.push(store);
  for (const index of samples.keys()) pixelsOf(store, index);
  const whole = samples.length * side * side;
  expect(process.memoryUsage().rss - before).toBeLessThan(whole / 2);
});
