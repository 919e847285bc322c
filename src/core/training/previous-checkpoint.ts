import { copyFile, link, rename, rm } from 'node:fs/promises';

/** Name of the checkpoint before `last`. */
export const PREVIOUS = 'last.previous';

/**
 * Keeps a file under a second name before it is replaced. A hard link costs nothing; where there are none it is copied,
 * and where that is impossible too the file before is not there, which stops no run.
 */
export async function keepPrevious(path: string, previous: string): Promise<void> {
  const draft = `${previous}.${process.pid}.tmp`;
  try {
    await rm(draft, { force: true });
    await link(path, draft).catch(() => copyFile(path, draft));
    await rename(draft, previous);
  } catch {
    // there is no file yet, or no room
  } finally {
    // two links to one file are not renamed
    await rm(draft, { force: true });
  }
}
