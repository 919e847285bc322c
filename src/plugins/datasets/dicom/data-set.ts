import { type FileHandle, open } from 'node:fs/promises';
import dicomParser, { type DataSet, type Element } from 'dicom-parser';
import { unreadable } from './errors.ts';
import { unsupportedSyntax } from './transfer-syntax.ts';

const PIXEL_DATA = 'x7fe00010';
const PREAMBLE_BYTES = 128;
const MAGIC = 'DICM';

const FIRST_READ_BYTES = 64 * 1024;
const LARGEST_HEADER_BYTES = 16 * 1024 * 1024;

/** Whether a file begins as a DICOM file does (PS3.10, section 7.1). */
export async function hasDicomPreamble(file: FileHandle): Promise<boolean> {
  const start = await readStart(file, PREAMBLE_BYTES + MAGIC.length);
  return start.toString('latin1', PREAMBLE_BYTES) === MAGIC;
}

/**
 * The elements of a file before its pixels; reads as little of it as it can.
 * @throws {DataError} FSX_IMAGE_UNREADABLE.
 */
export async function readDataSetBeforePixels(path: string): Promise<DataSet> {
  const file = await open(path).catch((cause) => {
    throw unreadable(path, cause);
  });
  try {
    for (let length = FIRST_READ_BYTES; ; length *= 16) {
      const bytes = await readStart(file, length);
      try {
        return parseDataSet(path, bytes);
      } catch (cause) {
        if (bytes.length < length) throw unreadable(path, cause);
        if (length < LARGEST_HEADER_BYTES) continue;
        throw unreadable(path, new Error(`no pixels in its first ${LARGEST_HEADER_BYTES} bytes`));
      }
    }
  } finally {
    await file.close();
  }
}

/**
 * The elements up to the pixels, of a file or of its start.
 * @throws {unknown} whatever dicom-parser throws for bytes that are no DICOM or end before the pixels.
 */
export function parseDataSet(path: string, bytes: Uint8Array): DataSet {
  const inflater = () => {
    throw unsupportedSyntax(path, '1.2.840.10008.1.2.1.99 (deflated)');
  };
  const dataSet = dicomParser.parseDicom(bytes, { untilTag: PIXEL_DATA, inflater });
  if (dataSet.elements[PIXEL_DATA] === undefined) throw new Error('it has no pixel data');
  return dataSet;
}

export function pixelDataOf(dataSet: DataSet): Element {
  return dataSet.elements[PIXEL_DATA]!;
}

/** The numbers of an element of decimal or integer strings; none where it is absent or empty. */
export function numbersOf(dataSet: DataSet, tag: string, name: string): number[] {
  const text = dataSet.string(tag) ?? '';
  const values =
    text === '' ? [] : text.split('\\').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (!values.every(Number.isFinite)) throw new Error(`${name} is "${text}"`);
  return values;
}

async function readStart(file: FileHandle, length: number): Promise<Buffer> {
  const { size } = await file.stat();
  const bytes = Buffer.alloc(Math.min(size, length));
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
