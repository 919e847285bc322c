import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Manifest, type TrialRecord } from '../../../src/core/benchmark/manifest.ts';
import { planTrials, type Trial } from '../../../src/core/benchmark/plan.ts';
import { selectTrials, trialsToRun } from '../../../src/core/benchmark/selection.ts';
import { loadText } from './fixture.ts';

let directory: string;
let manifest: Manifest;
const benchmark = await loadText();
const plan = await planTrials(benchmark, 'wasm');
const ids = (trials: readonly Trial[]) => trials.map(({ id }) => id);
const select = (...filters: string[]) => selectTrials(plan, benchmark.settings, filters);
const openManifest = (name = 'small') => Manifest.open(directory, name, async () => 'wasm');

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fsx-bench-'));
  manifest = await openManifest();
});
afterEach(() => rm(directory, { recursive: true }));

function record(id: string, entry: Partial<TrialRecord>): Promise<void> {
  const trial = plan.find((one) => one.id === id)!;
  const times = { wallSeconds: 1, cpuSeconds: 1, timeIsWhole: true };
  const whole = { hash: trial.hash, run: 'runs/x', startsFrom: null, pid: null, error: null, ...times };
  return manifest.record(trial, { ...whole, status: 'finished', ...entry });
}

const todo = (chosen: readonly Trial[], options = {}) =>
  ids(trialsToRun(plan, chosen, manifest, { retryFailed: false, rerunChanged: false, ...options }));

describe('--only', () => {
  test('takes what fits every condition of one filter, and what any of several takes', () => {
    expect(ids(select())).toHaveLength(12);
    expect(ids(select('dataset=five, method=control'))).toEqual(['five/control/1', 'five/control/2']);
    expect(ids(select('method=taught,seed=2', 'dataset=five,seed=1,method=control'))).toEqual([
      'five/control/1',
      'five/taught/2',
      'three/taught/2',
    ]);
  });

  test.each([
    ['methd=control', /"methd=control" is no condition/],
    ['control', /"control" is no condition/],
    ['seed=1,seed=2', /"seed=2" is no condition/],
    ['method=controll', /no method "controll"/],
    ['seed=3', /no seed "3"/],
  ])('refuses %s', (filter, message) => {
    expect(() => select(filter)).toThrow(message);
  });
});

describe('what is run', () => {
  test('is what is not finished, and with a method the shared stage that it starts from', async () => {
    expect(todo(select('dataset=five,method=taught,seed=1'))).toEqual(['five/supervised/1', 'five/taught/1']);
    await record('five/supervised/1', {});
    expect(todo(select('dataset=five,seed=1'))).toEqual(['five/control/1', 'five/taught/1']);
    await record('five/control/1', { status: 'interrupted' });
    expect(todo(select('dataset=five,seed=1'))).toContain('five/control/1');
  });

  test('leaves failed trials alone until they are asked for, a shared stage among them', async () => {
    await record('five/supervised/1', { status: 'failed', error: 'no memory' });
    expect(todo(select('dataset=five,seed=1'))).toEqual([]);
    const retried = todo(select('dataset=five,seed=1'), { retryFailed: true });
    expect(retried).toEqual(['five/supervised/1', 'five/control/1', 'five/taught/1']);
    expect(todo(select('dataset=five,method=control,seed=1'), { retryFailed: true })).toContain(
      'five/supervised/1',
    );
  });

  test('is refused when a trial was run with other settings, unless one says to run it again', async () => {
    await record('five/control/1', { hash: 'of before' });
    expect(() => todo(select())).toThrow(/1 trials in .* other settings or plugins: five\/control\/1/);
    expect(todo(select(), { rerunChanged: true })).toContain('five/control/1');
    expect(todo(select('dataset=three'))).toHaveLength(6);
  });
});

describe('the manifest', () => {
  test('is read again as it was written; a trial that was running was interrupted', async () => {
    expect(manifest.stateOf(plan[0]!)).toBe('waiting');
    await Promise.all([
      record('five/supervised/1', { status: 'running', pid: 7 }),
      record('five/control/1', {}),
    ]);
    const again = await openManifest();
    expect(again.engine).toBe('wasm');
    expect(again.recordOf({ id: 'five/supervised/1' })).toMatchObject({ pid: 7 });
    expect(again.stateOf(plan[0]!)).toBe('interrupted');
    expect(again.stateOf(plan[1]!)).toBe('finished');
  });

  test('keeps the engine of the first time', async () => {
    await record('five/control/1', {});
    expect((await Manifest.open(directory, 'small', async () => 'native')).engine).toBe('wasm');
  });

  test('refuses the folder of another benchmark', async () => {
    await record('five/control/1', {});
    await expect(openManifest('other')).rejects.toThrow(/holds the benchmark "small"/);
  });
});
