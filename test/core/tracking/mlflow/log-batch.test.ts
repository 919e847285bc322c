import { expect, test } from 'vitest';
import { mlflowKey, mlflowModelName, mlflowParamValue } from '../../../../src/core/tracking/mlflow/limits.ts';
import {
  type BatchItem,
  batchItemsOf,
  splitIntoBatches,
  tagItems,
} from '../../../../src/core/tracking/mlflow/log-batch.ts';

function metrics(count: number): BatchItem[] {
  return Array.from({ length: count }, (_, step) => ({
    kind: 'metric',
    value: { key: 'loss', value: 1, timestamp: 0, step },
  }));
}

function params(count: number, value: string): BatchItem[] {
  return Array.from({ length: count }, (_, index) => ({ kind: 'param', value: { key: `p${index}`, value } }));
}

test('no request is larger than MLflow takes, and nothing is lost or reordered', () => {
  const items = [...metrics(2_500), ...params(250, 'x'), ...tagItems({ a: '1' }), ...metrics(990)];
  const batches = splitIntoBatches(items);
  expect(batches.flat()).toEqual(items);
  for (const batch of batches) {
    expect(batch.length).toBeLessThanOrEqual(1_000);
    expect(batch.filter((item) => item.kind === 'param').length).toBeLessThanOrEqual(100);
  }
});

test('a megabyte of long values goes in several requests', () => {
  const items = Array.from({ length: 30 }, (_, group) =>
    params(100, '漢'.repeat(2_000)).slice(0, 80 + group),
  );
  for (const batch of splitIntoBatches(items.flat())) {
    expect(Buffer.byteLength(JSON.stringify(batch.map((item) => item.value)))).toBeLessThan(1_000_000);
  }
});

test('a param named twice is in a request once, and a second value of it in the next request', () => {
  const seed = (value: string): BatchItem => ({ kind: 'param', value: { key: 'seed', value } });
  expect(splitIntoBatches([seed('7'), seed('7'), seed('8')])).toEqual([[seed('7')], [seed('8')]]);
});

test('NaN and infinities are left out, and how many there were becomes a metric', () => {
  const entry = (sequence: number, loss: number) => ({
    sequence,
    timestampMs: 1_000 + sequence,
    item: { kind: 'metrics', step: sequence, metrics: { loss, rate: 0.1 } } as const,
  });
  const { items, nonfinite } = batchItemsOf([entry(1, 2), entry(2, Number.NaN), entry(3, -1 / 0)], 4);
  expect(nonfinite).toBe(6);
  expect(items.map(({ value }) => [value.key, value.value])).toEqual([
    ['loss', 2],
    ['rate', 0.1],
    ['rate', 0.1],
    ['health/nonfinite', 5],
    ['rate', 0.1],
    ['health/nonfinite', 6],
  ]);
});

test.each([
  ['train/loss.js', 'train/loss.js'],
  ['data.paths[0]', 'data.paths_0_'],
  ['/a//b/../c/', 'a/b/c'],
  ['test/größe', 'test/größe'],
  ['', '_'],
])('the name %j is %j in MLflow', (name, key) => {
  expect(mlflowKey(name)).toBe(key);
});

test('names and values that are too long are cut, and different ones stay different', () => {
  const [first, second] = [mlflowKey(`${'a'.repeat(300)}1`), mlflowKey(`${'a'.repeat(300)}2`)];
  expect(first).toHaveLength(250);
  expect(first).not.toBe(second);
  expect(mlflowParamValue('x'.repeat(7_000))).toHaveLength(6_000);
  expect(mlflowParamValue(`${'x'.repeat(5_998)}😀😀`)).toBe(`${'x'.repeat(5_998)}\uFFFD…`);
});

test('a model is named like its trial, without what MLflow refuses', () => {
  expect(mlflowModelName('007.learningRate-0.01.seed-2')).toBe('007_learningRate-0_01_seed-2');
});
