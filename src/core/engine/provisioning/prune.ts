import { existsSync } from 'node:fs';
import { readdir, readFile, realpath, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { withInstallLock } from './install.ts';
import { folderMegabytes } from './libraries.ts';
import { librariesDirectory, nativeDirectory } from './native-binding.ts';
import { wheelsFor } from './wheels.ts';

/** Libraries that another version of fsx installed. */
export interface OldLibraries {
  readonly name: string;
  readonly megabytes: number;
  /** A process on this machine that has them loaded. */
  readonly usedBy?: number;
}

/**
 * What other versions of fsx left: 0.8 to 5 GB each. What is compiled against this version's libraries counts as none of
 * it, whichever version compiled it: it is small, and another checkout may need it.
 */
export async function oldLibraries(): Promise<OldLibraries[]> {
  const folder = nativeDirectory();
  const names = (await readdir(folder).catch(() => [])).filter((name) => isOld(folder, name));
  const users = names.length === 0 ? new Map<string, number>() : await usersOf(folder, names);
  return await Promise.all(
    names.sort().map(async (name) => {
      const usedBy = users.get(name);
      const megabytes = await folderMegabytes(join(folder, name));
      return { name, megabytes, ...(usedBy === undefined ? {} : { usedBy }) };
    }),
  );
}

/**
 * Removes old libraries that no process on this machine has loaded, while nothing is being installed.
 *
 * @returns all that there were: what is `usedBy` a process is still there.
 */
export async function pruneNative(onWait: () => void): Promise<OldLibraries[]> {
  if (!existsSync(nativeDirectory())) return [];
  return await withInstallLock(onWait, async () => {
    const old = await oldLibraries();
    for (const { name, usedBy } of old) {
      if (usedBy === undefined) await rm(join(nativeDirectory(), name), { recursive: true });
    }
    return old;
  });
}

/** Once, each build had the libraries in its own folder. */
function isOld(folder: string, name: string): boolean {
  const ours = (['cpu', 'cuda'] as const).flatMap((variant) => {
    const wheels = wheelsFor(variant);
    return wheels ? [basename(librariesDirectory(variant, wheels))] : [];
  });
  if (name.startsWith('libraries-')) return !ours.includes(name);
  return name.startsWith('tensorflow-') && existsSync(join(folder, name, 'tensorflow'));
}

/** A process shows the files that it has loaded in /proc; what belongs to another user is not to be seen. */
async function usersOf(folder: string, names: readonly string[]): Promise<Map<string, number>> {
  const users = new Map<string, number>();
  const place = await realpath(folder);
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const maps = await readFile(join('/proc', pid, 'maps'), 'utf8').catch(() => '');
    for (const name of names) if (maps.includes(`${join(place, name)}/`)) users.set(name, Number(pid));
  }
  return users;
}
