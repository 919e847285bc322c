import type { JournalEntry } from '../journal-file.ts';
import { mlflowKey, mlflowParamValue, mlflowTagValue } from './limits.ts';

/** One thing that `runs/log-batch` takes. */
export type BatchItem =
  | { readonly kind: 'metric'; readonly value: MetricPoint }
  | { readonly kind: 'param'; readonly value: KeyValue }
  | { readonly kind: 'tag'; readonly value: KeyValue };

interface MetricPoint {
  readonly key: string;
  readonly value: number;
  /** Milliseconds since 1970, those of the journal: sent twice it is exactly the same point. */
  readonly timestamp: number;
  readonly step: number;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

const MAX_ITEMS = { metric: 1_000, param: 100, tag: 100 } as const;
const MAX_ITEMS_IN_ALL = 1_000;
/** MLflow takes 1 MB; the rest is room for the brackets and the run id. */
const MAX_BYTES = 950_000;

/**
 * What journal entries are in a batch. JSON has no NaN and no infinities, and one of them would spoil its whole
 * batch: they are left out and counted, the sum so far being the metric `health/nonfinite`.
 */
export function batchItemsOf(
  entries: readonly JournalEntry[],
  nonfiniteBefore: number,
): { items: BatchItem[]; nonfinite: number } {
  const items: BatchItem[] = [];
  let nonfinite = nonfiniteBefore;
  for (const { item, timestampMs } of entries) {
    if (item.kind === 'params') items.push(...paramItems(item.params));
    if (item.kind === 'tags') items.push(...tagItems(item.tags));
    if (item.kind !== 'metrics') continue;
    const step = Math.round(item.step);
    const dropped = Object.values(item.metrics).filter((value) => !Number.isFinite(value)).length;
    nonfinite += dropped;
    const metrics = dropped === 0 ? item.metrics : { ...item.metrics, 'health/nonfinite': nonfinite };
    items.push(...metricItems(metrics, step, timestampMs));
  }
  return { items, nonfinite };
}

export function tagItems(tags: Readonly<Record<string, string>>): BatchItem[] {
  return Object.entries(tags).map(([name, value]) => ({
    kind: 'tag',
    value: { key: mlflowKey(name), value: mlflowTagValue(value) },
  }));
}

function paramItems(params: Readonly<Record<string, string>>): BatchItem[] {
  return Object.entries(params).map(([name, value]) => ({
    kind: 'param',
    value: { key: mlflowKey(name), value: mlflowParamValue(value) },
  }));
}

function metricItems(
  metrics: Readonly<Record<string, number>>,
  step: number,
  timestamp: number,
): BatchItem[] {
  return Object.entries(metrics)
    .filter(([, value]) => Number.isFinite(value))
    .map(([name, value]) => ({ kind: 'metric', value: { key: mlflowKey(name), value, timestamp, step } }));
}

/** Cuts items into requests that MLflow takes: 1000 metrics, 100 params, 100 tags, 1000 in all, 1 MB. */
export function splitIntoBatches(items: readonly BatchItem[]): BatchItem[][] {
  const batches: BatchItem[][] = [];
  let room = new BatchRoom();
  for (const item of items) {
    if (room.holds(item)) continue;
    if (batches.length === 0 || !room.take(item)) {
      room = new BatchRoom();
      room.take(item);
      batches.push([]);
    }
    batches.at(-1)!.push(item);
  }
  return batches;
}

/** What one request has room for. MLflow refuses a batch that names a param twice, even with the same value. */
class BatchRoom {
  readonly #counts = { metric: 0, param: 0, tag: 0 };
  readonly #named = new Map<string, string>();
  #items = 0;
  #bytes = 0;

  holds(item: BatchItem): boolean {
    return item.kind !== 'metric' && this.#named.get(nameOf(item)) === item.value.value;
  }

  /** False when the item must go into the next request. */
  take(item: BatchItem): boolean {
    const bytes = Buffer.byteLength(JSON.stringify(item.value)) + 1;
    const full =
      this.#counts[item.kind] === MAX_ITEMS[item.kind] ||
      this.#items === MAX_ITEMS_IN_ALL ||
      this.#bytes + bytes > MAX_BYTES;
    if (full || this.#named.has(nameOf(item))) return false;
    this.#counts[item.kind] += 1;
    this.#items += 1;
    this.#bytes += bytes;
    if (item.kind !== 'metric') this.#named.set(nameOf(item), item.value.value);
    return true;
  }
}

function nameOf(item: BatchItem): string {
  return `${item.kind} ${item.value.key}`;
}
