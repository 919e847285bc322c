import { join } from 'node:path';
import type { Launcher } from '../launching/launcher.ts';
import type { PluginRegistry } from '../plugins/registry.ts';
import { isLocked, withProcessLock } from '../process-lock.ts';
import type { SweepManifest } from './manifest.ts';

/** Runs `work` while no other process, on this machine or another, works on the sweep in the folder. */
export function withSweepLock<T>(directory: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  return withProcessLock(lockOf(directory), onWait, work);
}

/** Whether a process works on the sweep in the folder. */
export function isBusySweep(directory: string): Promise<boolean> {
  return isLocked(lockOf(directory));
}

/**
 * The launcher that a sweep names.
 * @param createRegistry of the built-in plugins and those of some files.
 * @throws {PluginError} when it is not known any more.
 */
export async function openLauncher(
  { launcher, pluginFiles }: SweepManifest,
  createRegistry: (files: readonly string[]) => Promise<PluginRegistry>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Launcher> {
  const registry = await createRegistry(pluginFiles);
  return registry.create('launcher', launcher, { environment });
}

function lockOf(directory: string): string {
  return join(directory, 'lock');
}
