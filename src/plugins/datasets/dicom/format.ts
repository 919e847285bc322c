import { open, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { codeHash } from '../../../core/code-hash.ts';
import type { ImageFormat } from '../../../core/data/annotated-folder/image-format.ts';
import { fileFingerprint } from '../../../core/data/file-fingerprint.ts';
import { hasDicomPreamble, readDataSetBeforePixels } from './data-set.ts';
import { DicomDecoder } from './decoder.ts';
import { headerOf } from './header.ts';
import type { DicomSettings } from './options.ts';

/** An index of the files beside it, itself in DICOM format (PS3.10, section 8.6). */
const INDEX_FILE = 'DICOMDIR';

export function dicomFormat(settings: DicomSettings): ImageFormat {
  const decoder = new DicomDecoder(settings);
  const code = codeHash(new URL('.', import.meta.url));
  return {
    name: 'DICOM file',
    accepts: isDicomFile,
    describe: async (path) => headerOf(path, await readDataSetBeforePixels(path), settings),
    read: (path) => decoder.read(path),
    fingerprint: async (path) => JSON.stringify([await fileFingerprint(path), settings, code]),
  };
}

/** By extension, so that a damaged file is told of; by content where there is another extension or none. */
async function isDicomFile(path: string): Promise<boolean> {
  if (basename(path) === INDEX_FILE) return false;
  if (!(await stat(path)).isFile()) return false;
  if (extname(path).toLowerCase() === '.dcm') return true;
  const file = await open(path);
  try {
    return await hasDicomPreamble(file);
  } finally {
    await file.close();
  }
}
