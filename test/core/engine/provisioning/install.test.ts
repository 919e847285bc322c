import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { installNative } from '../../../../src/core/engine/provisioning/install.ts';
import {
  findNativeBinding,
  librariesDirectory,
  nativeDirectory,
  nativeUnavailableReason,
  variantDirectory,
} from '../../../../src/core/engine/provisioning/native-binding.ts';
import { wheelsFor } from '../../../../src/core/engine/provisioning/wheels.ts';

const onLinux = test.runIf(wheelsFor('cpu') !== undefined);
const install = () => installNative({ variant: 'cpu', force: false, onProgress: () => undefined });

let folder: string;
let tools: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fsx provisioning '));
  tools = join(folder, 'bin');
  mkdirSync(tools);
  vi.stubEnv('FSX_CACHE', join(folder, 'cache'));
  vi.stubEnv('PATH', tools);
  vi.stubEnv('CXX', '');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Puts a program on the PATH that answers with the given shell script. */
function provide(name: string, script: string): void {
  writeFileSync(join(tools, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** A Python that has pip, whose downloads end as the script says. */
function providePython(download: string): void {
  provide('python3', `case "$*" in *--version*) exit 0;; *download*) ${download};; esac`);
}

onLinux('without pip the reason is one line, and is still known afterwards', async () => {
  await expect(install()).rejects.toMatchObject({
    code: 'FSX_ENGINE_NO_PIP',
    message: 'no Python with pip found',
  });
  expect(await nativeUnavailableReason()).toBe(
    'native TensorFlow is not installed: no Python with pip found. `fsx engine install` tries again',
  );
});

onLinux('a Python without the pip module counts as no pip', async () => {
  provide('python3', 'echo "No module named pip" >&2; exit 1');
  await expect(install()).rejects.toMatchObject({ code: 'FSX_ENGINE_NO_PIP' });
});

onLinux('without a compiler nothing is downloaded', async () => {
  providePython(`touch "${join(folder, 'downloaded')}"`);
  await expect(install()).rejects.toMatchObject({
    code: 'FSX_ENGINE_NO_COMPILER',
    message: 'no C++ compiler found (g++, c++ or clang++)',
  });
  expect(existsSync(join(folder, 'downloaded'))).toBe(false);
});

onLinux('a download that fails says why in one line and leaves nothing half installed', async () => {
  provide('g++', 'exit 0');
  providePython('echo "ERROR: No matching distribution found for tensorflow-cpu" >&2; exit 1');
  await expect(install()).rejects.toMatchObject({
    code: 'FSX_ENGINE_DOWNLOAD_FAILED',
    message: 'pip could not download TensorFlow (No matching distribution found for tensorflow-cpu)',
  });
  expect(readdirSync(nativeDirectory())).toEqual(['last-failure.txt']);
  expect(existsSync(variantDirectory('cpu'))).toBe(false);
});

onLinux('no network is called no network', async () => {
  provide('g++', 'exit 0');
  providePython('echo "WARNING: Retrying after NewConnectionError"; echo "ERROR: none found"; exit 1');
  await expect(install()).rejects.toMatchObject({
    message: 'pip could not download TensorFlow (the Python package index cannot be reached)',
  });
});

onLinux('a wheel that does not have the pinned hash is refused', async () => {
  const python = spawnSync('sh', ['-c', 'command -v python3'], {
    env: { PATH: ['/usr/local/bin', '/usr/bin', '/bin'].join(delimiter) },
    encoding: 'utf8',
  }).stdout.trim();
  if (!python || spawnSync(python, ['-m', 'pip', '--version']).status !== 0) return;
  symlinkSync(python, join(tools, 'python3'));
  provide('g++', 'exit 0');
  const index = mkdtempSync(join(tmpdir(), 'fsx-index-')); // PIP_FIND_LINKS is a list separated by spaces
  const name = 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl';
  for (const wheel of [name, name.replace('_cpu', '').replace('x86_64', 'aarch64')]) {
    writeFileSync(join(index, wheel), 'not TensorFlow');
  }
  vi.stubEnv('PIP_NO_INDEX', '1');
  vi.stubEnv('PIP_FIND_LINKS', index);
  await expect(install()).rejects.toThrow('DO NOT MATCH THE HASHES');
  rmSync(index, { recursive: true });
});

onLinux('a cache that cannot be written is a reason, not a crash', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  vi.stubEnv('FSX_CACHE', file);
  await expect(install()).rejects.toMatchObject({ code: 'FSX_ENGINE_INSTALL_FAILED' });
});

onLinux('an installation that stands is used as it is, and needs no tools', async () => {
  mkdirSync(librariesDirectory('cpu', wheelsFor('cpu')!), { recursive: true });
  mkdirSync(variantDirectory('cpu'));
  writeFileSync(join(variantDirectory('cpu'), 'tfjs_binding.node'), '');
  const binding = await install();
  expect(binding).toMatchObject({ variant: 'cpu', tensorflowVersion: '2.21.0' });
  expect(await findNativeBinding()).toEqual(binding);
});

onLinux('a binding without its libraries counts as none', async () => {
  mkdirSync(variantDirectory('cpu'), { recursive: true });
  writeFileSync(join(variantDirectory('cpu'), 'tfjs_binding.node'), '');
  await expect(install()).rejects.toMatchObject({ code: 'FSX_ENGINE_NO_PIP' });
});

onLinux('libraries of an earlier build are not downloaded again when native/ changes', async () => {
  const libraries = librariesDirectory('cpu', wheelsFor('cpu')!);
  mkdirSync(join(libraries, 'tensorflow'), { recursive: true });
  providePython(`touch "${join(folder, 'downloaded')}"`);
  provide(
    'g++',
    'case "$*" in *--version*) exit 0;; *) echo "error: the compiler was reached" >&2; exit 1;; esac',
  );
  await expect(install()).rejects.toMatchObject({
    code: 'FSX_ENGINE_COMPILE_FAILED',
    message: 'the binding does not compile (the compiler was reached)',
  });
  expect(existsSync(join(folder, 'downloaded'))).toBe(false);
  expect(readdirSync(nativeDirectory()).sort()).toEqual([basename(libraries), 'last-failure.txt'].sort());
});

test('macOS and Windows are said not to be provisioned', () => {
  expect(wheelsFor('cpu', 'darwin', 'arm64')).toBeUndefined();
  expect(wheelsFor('cpu', 'win32', 'x64')).toBeUndefined();
  expect(wheelsFor('cuda', 'linux', 'arm64')).toBeUndefined();
});
