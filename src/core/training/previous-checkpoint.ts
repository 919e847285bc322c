import { copyFile, link, rename, rm } from 'node:fs/promises';
import { draftOf } from '../atomic-file.ts';

/** Name of the checkpoint before `last`. */
export const PREVIOUS = 'last.previous';

/**
 * Keeps the last checkpoint under a second name before it is replaced. Where that is impossible the one before is not
 * there, which stops no run.
 */
export async function keepPrevious(last: string, previous: string): Promise<void> {
  // there is none yet, or no room
  await putUnder(last, previous).catch(() => {});
}

/** Puts the checkpoint before the last in the place of a damaged last one. */
export async function restorePrevious(previous: string, last: string): Promise<void> {
  await putUnder(previous, last);
}

/** Gives a file a second name, which may have stood for another. A hard link costs nothing; without links it is copied. */
async function putUnder(path: string, name: string): Promise<void> {
  const draft = draftOf(name);
  try {
    await rm(draft, { force: true });
    await link(path, draft).catch(() => copyFile(path, draft));
    await rename(draft, name);
  } finally {
    // two links to one file are not renamed
    await rm(draft, { force: true });
  }
}
