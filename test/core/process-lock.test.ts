import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tryProcessLock, withProcessLock } from '../../src/core/process-lock.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fsx-lock-'));
  path = join(folder, 'native', 'install.lock');
});

afterEach(() => rmSync(folder, { recursive: true }));

test('two installations at once run one after the other', async () => {
  let running = 0;
  let most = 0;
  let waits = 0;
  const work = async () => {
    most = Math.max(most, ++running);
    await delay(50);
    running--;
  };
  const wait = () => {
    waits++;
  };
  await Promise.all([withProcessLock(path, wait, work), withProcessLock(path, wait, work)]);
  expect(most).toBe(1);
  expect(waits).toBe(1);
});

test('an installation that fails lets the next one in', async () => {
  const failing = withProcessLock(
    path,
    () => undefined,
    async () => {
      throw new Error('no network');
    },
  );
  await expect(failing).rejects.toThrow('no network');
  expect(existsSync(path)).toBe(false);
});

test('the lock of a killed process is taken over at once', async () => {
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  await withProcessLock(
    path,
    () => undefined,
    async () => undefined,
  );
  writeFileSync(path, JSON.stringify({ pid: dead, host: hostname() }));
  await withProcessLock(
    path,
    () => undefined,
    async () => undefined,
  );
});

test('the lock of another machine is taken over once it shows no life', async () => {
  await withProcessLock(
    path,
    () => undefined,
    async () => undefined,
  );
  writeFileSync(path, JSON.stringify({ pid: 1, host: 'another' }));
  const longAgo = new Date(Date.now() - 3_600_000);
  utimesSync(path, longAgo, longAgo);
  await withProcessLock(
    path,
    () => undefined,
    async () => undefined,
  );
});

test('a process that works without a pause keeps its lock alive, so that no other takes it over', async () => {
  const release = await tryProcessLock(path);
  const longAgo = new Date(Date.now() - 3_600_000);
  utimesSync(path, longAgo, longAgo);
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  // a heartbeat is due every five seconds
  for (let waited = 0; waited < 20 && statSync(path).mtimeMs < longAgo.getTime() + 1_000; waited++)
    Atomics.wait(sleeper, 0, 0, 1_000);
  expect(statSync(path).mtimeMs).toBeGreaterThan(longAgo.getTime() + 1_000);
  expect(await tryProcessLock(path)).toBeUndefined();
  await release!();
});
