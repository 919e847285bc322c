import type { DataSet } from 'dicom-parser';
import { unsupported } from './errors.ts';

/** Encodings whose frames begin with a header of their own. */
export type CodestreamCoding = 'jpeg' | 'jpeg-ls' | 'jpeg-2000';

type PixelCoding = 'none' | 'rle' | CodestreamCoding;

export interface TransferSyntax {
  readonly coding: PixelCoding;
  readonly bigEndian: boolean;
}

const TRANSFER_SYNTAX_UID = 'x00020010';
const EXPLICIT_BIG_ENDIAN = '1.2.840.10008.1.2.2';

/** PS3.5, section 10 and annex A. */
const CODINGS: Readonly<Record<string, PixelCoding>> = {
  '1.2.840.10008.1.2': 'none',
  '1.2.840.10008.1.2.1': 'none',
  [EXPLICIT_BIG_ENDIAN]: 'none',
  '1.2.840.10008.1.2.5': 'rle',
  '1.2.840.10008.1.2.4.50': 'jpeg',
  '1.2.840.10008.1.2.4.51': 'jpeg',
  '1.2.840.10008.1.2.4.57': 'jpeg',
  '1.2.840.10008.1.2.4.70': 'jpeg',
  '1.2.840.10008.1.2.4.80': 'jpeg-ls',
  '1.2.840.10008.1.2.4.81': 'jpeg-ls',
  '1.2.840.10008.1.2.4.90': 'jpeg-2000',
  '1.2.840.10008.1.2.4.91': 'jpeg-2000',
};

/** @throws {DataError} FSX_IMAGE_FORMAT for an encoding that is not read. */
export function transferSyntaxOf(path: string, dataSet: DataSet): TransferSyntax {
  const uid = dataSet.string(TRANSFER_SYNTAX_UID) ?? '';
  if (!Object.hasOwn(CODINGS, uid)) throw unsupportedSyntax(path, uid);
  return { coding: CODINGS[uid]!, bigEndian: uid === EXPLICIT_BIG_ENDIAN };
}

export function unsupportedSyntax(path: string, uid: string) {
  return unsupported(
    path,
    `is encoded in transfer syntax ${uid}`,
    'Re-encode it, for example as explicit VR little endian with `dcmconv +te` or `gdcmconv --raw`.',
  );
}
