import { afterEach, beforeAll, expect, it } from 'vitest';
import { type BatchPlan, makeBatch } from '../../../src/core/data/batch.ts';
import { type ImageStore, loadImageStore } from '../../../src/core/data/image-store.ts';
import { BatchLoader, type LoaderOptions } from '../../../src/core/data/loader.ts';
import { DataError, PluginError } from '../../../src/core/errors.ts';
import { dottedDataset } from './dotted-dataset.ts';
import { createRegistry } from './loader-registry.ts';

const PLAN: BatchPlan = {
  seed: 5,
  stage: 'finetune',
  labeled: { images: [0, 1], batch: 2 },
  unlabeled: { images: [2, 3, 4], batch: 2 },
  donors: [0, 1, 2, 3, 4],
};
const AUGMENTATION = { weak: [{ type: 'flip' }], strong: [{ type: 'affine' }, { type: 'noise' }] };

let store: ImageStore;
const loaders: BatchLoader[] = [];

beforeAll(async () => {
  const dataset = dottedDataset(64, 48);
  store = await loadImageStore(dataset, dataset.samples, {
    size: { width: 48, height: 32 },
    fit: 'pad',
    oversample: 1.5,
  });
});

afterEach(async () => {
  await Promise.all(loaders.splice(0).map((loader) => loader.close()));
});

async function start(change: Partial<LoaderOptions> = {}): Promise<BatchLoader> {
  const registryModule = new URL('./loader-registry.ts', import.meta.url).href;
  const loader = await BatchLoader.start({
    store,
    plan: PLAN,
    augmentation: AUGMENTATION,
    registryModule,
    pluginPaths: [],
    firstStep: 0,
    ...change,
  });
  loaders.push(loader);
  return loader;
}

async function pipelinesOf() {
  const registry = await createRegistry([]);
  const make = (type: string) => registry.create('augmentation', { type }, {});
  return { weak: [make('flip')], strong: [make('affine'), make('noise')] };
}

it('gives the batches of makeBatch, in the order of steps', async () => {
  const pipelines = await pipelinesOf();
  const loader = await start();
  for (let step = 0; step < 9; step++) {
    expect(await loader.next()).toEqual(makeBatch(store, PLAN, pipelines, step));
  }
  expect(loader.waitedMs).toBeGreaterThan(0);
});

it('starts a further thread when steps wait, and goes on with the batches of one', async () => {
  const pipelines = await pipelinesOf();
  const loader = await start({ mostThreads: 2 });
  let step = 0;
  while (loader.threads < 2) expect((await loader.next()).step).toBe(step++);
  for (const last = step + 8; step < last; step++) {
    expect(await loader.next()).toEqual(makeBatch(store, PLAN, pipelines, step));
  }
});

it('resumes at a step with the batches of an uninterrupted run', async () => {
  const whole = await start();
  for (let step = 0; step < 6; step++) await whole.next();
  const resumed = await start({ firstStep: 6, depth: 1 });
  for (let step = 6; step < 9; step++) {
    const batch = await resumed.next();
    expect(batch.step).toBe(step);
    expect(batch).toEqual(await whole.next());
  }
});

it('reports an unknown augmentation when it starts', async () => {
  const augmentation = { weak: [], strong: [{ type: 'afine' }] };
  const failure = await start({ augmentation }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(PluginError);
  expect(failure).toMatchObject({
    code: 'FSX_PLUGIN_UNKNOWN',
    suggestion: expect.stringContaining('affine'),
  });
});

it('gives the good batches first, then the error of the worker as it was thrown there, every time', async () => {
  const augmentation = { weak: [], strong: [{ type: 'failing', after: 8 }] };
  const loader = await start({ augmentation, pluginPaths: ['failing'] });
  expect((await loader.next()).step).toBe(0);
  expect((await loader.next()).step).toBe(1);
  for (let attempt = 0; attempt < 2; attempt++) {
    const failure = await loader.next().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DataError);
    expect(failure).toMatchObject({ code: 'FSX_TEST', message: 'no more images', suggestion: 'Stop here.' });
  }
});

it('rejects a waiting step when it is closed', async () => {
  const loader = await start({ plan: { ...PLAN, labeled: { images: [0, 1], batch: 2000 } } });
  const waiting = loader.next().catch((error: unknown) => error);
  await loader.close();
  expect(await waiting).toMatchObject({ code: 'FSX_LOADER_CLOSED' });
});
