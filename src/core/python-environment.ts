import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from './cache-directory.ts';
import { runTool } from './engine/provisioning/tool.ts';
import { withProcessLock } from './process-lock.ts';

export interface PythonEnvironment {
  /** Of its folder in fsx's cache, with the version: there only when it is whole. */
  readonly name: string;
  /** As pip takes them. */
  readonly packages: readonly string[];
  /** Called before it downloads, which takes minutes. */
  readonly onInstall: () => void;
  /** The error for a reason why it cannot be installed. */
  readonly failure: (reason: string) => Error;
}

/** The Python of a virtual environment in fsx's cache. */
export function pythonOf(name: string): string {
  return pythonIn(join(cacheDirectory(), name));
}

function pythonIn(folder: string): string {
  return process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
}

/**
 * Makes a virtual environment of Python that pip fills, where it is not there yet. Programs that do so at once wait for
 * the first.
 * @returns its Python.
 */
export async function installPythonEnvironment(environment: PythonEnvironment): Promise<string> {
  const { name, onInstall } = environment;
  const python = pythonOf(name);
  if (existsSync(python)) return python;
  const folder = join(cacheDirectory(), name);
  await withProcessLock(`${folder}.lock`, onInstall, async () => {
    if (existsSync(python)) return;
    onInstall();
    await install(folder, environment);
  });
  return python;
}

async function install(folder: string, { packages, failure }: PythonEnvironment): Promise<void> {
  const draft = `${folder}.draft`;
  await rm(draft, { recursive: true, force: true });
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--only-binary', ':all:', ...packages];
  for (const [python, args] of [
    ['python3', ['-m', 'venv', draft]],
    [pythonIn(draft), pip],
  ] as const) {
    const { ok, output } = await runTool(python, args);
    if (!ok) throw failure(reasonIn(output));
  }
  await rename(draft, folder);
}

function reasonIn(output: string): string {
  const lines = output.trim().split('\n');
  return lines.find((line) => line.startsWith('ERROR:')) ?? lines.at(-1)!;
}
