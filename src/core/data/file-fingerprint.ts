import { stat } from 'node:fs/promises';

/**
 * Says of a file which one it is and when it was last written: another answer when its content may have changed.
 * @throws {Error} ENOENT and the like.
 */
export async function fileFingerprint(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return [path, dev, ino, size, mtimeNs, ctimeNs].join(' ');
}
