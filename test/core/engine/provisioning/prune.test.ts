import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  librariesDirectory,
  nativeDirectory,
  variantDirectory,
} from '../../../../src/core/engine/provisioning/native-binding.ts';
import { oldLibraries, pruneNative } from '../../../../src/core/engine/provisioning/prune.ts';
import { wheelsFor } from '../../../../src/core/engine/provisioning/wheels.ts';

const onLinux = test.runIf(wheelsFor('cpu') !== undefined);
const prune = () => pruneNative(() => undefined);

let cache: string;

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'fsx prune '));
  vi.stubEnv('FSX_CACHE', cache);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true });
});

/** A folder of native builds with something in its `tensorflow`. */
function provide(folder: string, megabytes = 0): string {
  const libraries = join(folder, 'tensorflow');
  mkdirSync(libraries, { recursive: true });
  writeFileSync(join(libraries, 'libtensorflow_cc.so.2'), Buffer.alloc(megabytes * 1e6));
  return libraries;
}

const named = (name: string) => join(nativeDirectory(), name);

onLinux(
  'libraries of other versions go; those of this one, and what is compiled against them, stay',
  async () => {
    const ours = librariesDirectory('cpu', wheelsFor('cpu')!);
    const otherCheckout = named('tensorflow-2.21.0-cpu-x64-11111111');
    provide(ours);
    for (const build of [variantDirectory('cpu'), otherCheckout]) mkdirSync(build);
    const old = [named('libraries-2.20.0-cpu-x64-22222222'), named('tensorflow-2.21.0-cpu-x64-33333333')];
    for (const folder of old) provide(folder, 2);
    const found = [
      { name: 'libraries-2.20.0-cpu-x64-22222222', megabytes: 2 },
      { name: 'tensorflow-2.21.0-cpu-x64-33333333', megabytes: 2 },
    ];
    expect(await oldLibraries()).toEqual(found);
    expect(old.every(existsSync)).toBe(true);
    expect(await prune()).toEqual(found);
    expect(old.some(existsSync)).toBe(false);
    expect([ours, variantDirectory('cpu'), otherCheckout].every(existsSync)).toBe(true);
  },
);

onLinux('what a running process has loaded stays', async () => {
  const folder = named('libraries-2.20.0-cpu-x64-22222222');
  const program = join(provide(folder), 'program');
  copyFileSync(realpathSync('/bin/sleep'), program);
  const child = spawn(program, ['60']);
  try {
    await once(child, 'spawn');
    expect(await prune()).toMatchObject([{ usedBy: child.pid }]);
    expect(existsSync(folder)).toBe(true);
  } finally {
    child.kill();
  }
  await once(child, 'close');
  await prune();
  expect(existsSync(folder)).toBe(false);
});

test('a machine without native builds has nothing to remove', async () => {
  expect(await prune()).toEqual([]);
});
