import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RunError } from './errors.ts';

const DRAFT = '.tmp';

/** The name of a file while it is written. */
export function draftOf(path: string): string {
  return `${path}.${process.pid}${DRAFT}`;
}

/** Removes what killed processes had begun to write into a folder, which no other process writes into now. */
export async function removeDrafts(folder: string): Promise<void> {
  const names = await readdir(folder);
  for (const name of names.filter((file) => file.endsWith(DRAFT))) await rm(join(folder, name));
}

/**
 * Writes a file so that its name always stands for a whole one: to a temporary name, flushed to disk, renamed.
 * @throws {RunError} FSX_WRITE_FAILED, for a full disk or a folder that cannot be written; what stood there remains.
 */
export async function writeFileAtomically(
  path: string,
  parts: readonly (Uint8Array | string)[],
): Promise<void> {
  const temporary = draftOf(path);
  try {
    await writeAndFlush(temporary, parts);
    await rename(temporary, path);
    await flushFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new RunError('FSX_WRITE_FAILED', `cannot write ${path}: ${(cause as Error).message}`, {
      suggestion:
        'Free some disk space or choose another output folder; the file as it was before is still there.',
      cause,
    });
  }
}

async function writeAndFlush(path: string, parts: readonly (Uint8Array | string)[]): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const part of parts) await writeAll(file, typeof part === 'string' ? Buffer.from(part) : part);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await file.write(bytes, written)).bytesWritten;
  }
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().catch(() => undefined);
  await folder.close();
}
