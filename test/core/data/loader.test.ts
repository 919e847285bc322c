import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { type BatchPlan, makeBatch } from '../../../src/core/data/batch.ts';
import { BatchThreads, type BatchThreadsOptions } from '../../../src/core/data/batch-threads.ts';
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

const SECOND_PLAN: BatchPlan = { ...PLAN, stage: 'second' };

let store: ImageStore;
const opened: BatchThreads[] = [];

beforeAll(async () => {
  const dataset = dottedDataset(64, 48);
  store = await loadImageStore(dataset, dataset.samples, {
    size: { width: 48, height: 32 },
    fit: 'pad',
    oversample: 1.5,
  });
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((threads) => threads.close()));
});

function openThreads(change: Partial<BatchThreadsOptions> = {}): BatchThreads {
  const registryModule = new URL('./loader-registry.ts', import.meta.url).href;
  const threads = new BatchThreads({
    ...{ store, plans: [PLAN, SECOND_PLAN], augmentation: AUGMENTATION, registryModule, pluginPaths: [] },
    ...change,
  });
  opened.push(threads);
  return threads;
}

function load(threads: BatchThreads, change: Partial<LoaderOptions> = {}): BatchLoader {
  return new BatchLoader(threads, { plan: 0, firstStep: 0, endStep: 1000, ...change });
}

async function pipelinesOf() {
  const registry = await createRegistry([]);
  const make = (type: string) => registry.create('augmentation', { type }, {});
  return { weak: [make('flip')], strong: [make('affine'), make('noise')] };
}

it('gives the batches of makeBatch, in the order of steps', async () => {
  const pipelines = await pipelinesOf();
  const loader = load(openThreads());
  for (let step = 0; step < 9; step++) {
    expect(await loader.next()).toEqual(makeBatch(store, PLAN, pipelines, step));
  }
  expect(loader.waitedMs).toBeGreaterThan(0);
});

it('makes the batches of a stage, not one more, and then those of the next in the same threads', async () => {
  const pipelines = await pipelinesOf();
  const threads = openThreads();
  const asked = vi.spyOn(threads, 'ask');
  for (const [index, plan] of [PLAN, SECOND_PLAN].entries()) {
    const loader = load(threads, { plan: index, endStep: 6 });
    for (let step = 0; step < 6; step++) {
      expect(await loader.next()).toEqual(makeBatch(store, plan, pipelines, step));
    }
  }
  expect(asked).toHaveBeenCalledTimes(12);
});

it('starts a further thread when steps wait, and goes on with the batches of one', async () => {
  const pipelines = await pipelinesOf();
  const threads = openThreads({ mostThreads: 2 });
  const loader = load(threads, { endStep: Number.POSITIVE_INFINITY });
  let step = 0;
  while (threads.count < 2) expect((await loader.next()).step).toBe(step++);
  for (const last = step + 8; step < last; step++) {
    expect(await loader.next()).toEqual(makeBatch(store, PLAN, pipelines, step));
  }
});

it('resumes at a step with the batches of an uninterrupted run', async () => {
  const whole = load(openThreads());
  for (let step = 0; step < 6; step++) await whole.next();
  const resumed = load(openThreads(), { firstStep: 6, depth: 1 });
  for (let step = 6; step < 9; step++) {
    const batch = await resumed.next();
    expect(batch.step).toBe(step);
    expect(batch).toEqual(await whole.next());
  }
});

it('reports an unknown augmentation', async () => {
  const augmentation = { weak: [], strong: [{ type: 'afine' }] };
  const failure = await load(openThreads({ augmentation }))
    .next()
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(PluginError);
  expect(failure).toMatchObject({
    code: 'FSX_PLUGIN_UNKNOWN',
    suggestion: expect.stringContaining('affine'),
  });
});

it('gives the good batches first, then the error of the worker as it was thrown there, every time', async () => {
  const augmentation = { weak: [], strong: [{ type: 'failing', after: 8 }] };
  const loader = load(openThreads({ augmentation, pluginPaths: ['failing'] }));
  expect((await loader.next()).step).toBe(0);
  expect((await loader.next()).step).toBe(1);
  for (let attempt = 0; attempt < 2; attempt++) {
    const failure = await loader.next().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DataError);
    expect(failure).toMatchObject({ code: 'FSX_TEST', message: 'no more images', suggestion: 'Stop here.' });
  }
});

it('rejects a waiting step when the threads are ended', async () => {
  const threads = openThreads({ plans: [{ ...PLAN, labeled: { images: [0, 1], batch: 2000 } }] });
  const waiting = load(threads)
    .next()
    .catch((error: unknown) => error);
  await threads.close();
  expect(await waiting).toMatchObject({ code: 'FSX_LOADER_CLOSED' });
});
