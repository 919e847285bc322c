import { createHash } from 'node:crypto';

/** How the checksum stands in a checkpoint's header, near the beginning of the file. */
const FIELD = Buffer.from('"sha256":"');
const FIELD_WITHIN_BYTES = 256;

/** Stands where the checksum will be: the checksum is that of the file with this in its place. */
export const UNSEALED = '0'.repeat(64);

/** Puts the checksum of a file's parts into their place. @param parts the second is the header, with `UNSEALED`. */
export function seal(parts: readonly Uint8Array[]): void {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  const header = Buffer.from(parts[1]!.buffer, parts[1]!.byteOffset, parts[1]!.byteLength);
  header.write(hash.digest('hex'), header.indexOf(FIELD) + FIELD.length, 'latin1');
}

/** Whether a file is the one that was sealed; undefined for one without a checksum. */
export function isIntact(file: Buffer): boolean | undefined {
  const at = file.subarray(0, FIELD_WITHIN_BYTES).indexOf(FIELD);
  if (at < 0) return undefined;
  const start = at + FIELD.length;
  const end = start + UNSEALED.length;
  const hash = createHash('sha256')
    .update(file.subarray(0, start))
    .update(UNSEALED)
    .update(file.subarray(end));
  return hash.digest('hex') === file.toString('latin1', start, end);
}
