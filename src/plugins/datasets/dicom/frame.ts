import dicomParser, { type DataSet, type Element } from 'dicom-parser';
import { decompress } from './codecs.ts';
import { pixelDataOf } from './data-set.ts';
import type { DicomHeader } from './header.ts';
import { decodeRle } from './rle.ts';

/** Little-endian words of one byte where a pixel has at most 8 bits, else of two. */
interface Frame {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/**
 * The words of the first frame, row by row, as they are stored.
 * @param dataSet of the whole file, parsed up to the pixels.
 * @throws {unknown} for pixel data that is missing, cut off or damaged.
 */
export async function readFrame(dataSet: DataSet, header: DicomHeader): Promise<Uint8Array | Uint16Array> {
  const { bytes, bits } = await readWords(dataSet, header);
  const words = bits <= 8 ? bytes : new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  if (words.length === header.width * header.height) return words;
  throw new Error(`${words.length} pixels were decoded, not ${header.width} x ${header.height}`);
}

function readWords(dataSet: DataSet, header: DicomHeader): Frame | Promise<Frame> {
  const { coding, width, height, layout } = header;
  const pixelData = pixelDataOf(dataSet);
  if (coding === 'none') return plainFrame(dataSet, pixelData, header);
  const frame = compressedFrame(dataSet, pixelData, header);
  if (coding !== 'rle') return decompress(frame, header, coding);
  const bytes = decodeRle(frame, width * height, layout.bitsAllocated / 8);
  return { bytes, bits: layout.bitsAllocated };
}

function plainFrame(dataSet: DataSet, { dataOffset, length, vr }: Element, header: DicomHeader) {
  const { bitsAllocated } = header.layout;
  const byteLength = (header.width * header.height * bitsAllocated) / 8;
  const available = Math.min(length, dataSet.byteArray.length - dataOffset);
  if (available < byteLength) throw new Error(`${available} of ${byteLength} bytes of pixels are there`);
  // a copy, since 16-bit words must be aligned; of an even length, since words of two bytes are swapped
  const bytes = Buffer.alloc(byteLength + (byteLength % 2));
  bytes.set(dataSet.byteArray.subarray(dataOffset, dataOffset + Math.min(bytes.length, available)));
  if (header.bigEndian && (bitsAllocated === 16 || vr === 'OW')) bytes.swap16();
  return { bytes: bytes.subarray(0, byteLength), bits: bitsAllocated };
}

function compressedFrame(dataSet: DataSet, pixelData: Element, { frames }: DicomHeader): Buffer {
  if (!pixelData.hadUndefinedLength) throw new Error('the compressed pixels are not encapsulated');
  const stream = new dicomParser.ByteStream(
    dicomParser.littleEndianByteArrayParser,
    dataSet.byteArray,
    pixelData.dataOffset,
  );
  dicomParser.findEndOfEncapsulatedElement(stream, pixelData);
  const { fragments = [], basicOffsetTable = [] } = pixelData;
  const last = fragments.at(-1);
  if (last === undefined) throw new Error('there are no pixels');
  // dicom-parser and libjpeg would both go on with what is there
  if (last.position + last.length > dataSet.byteArray.length) throw new Error('the pixels are cut off');
  const count = frames === 1 ? fragments.length : fragmentsOfFirstFrame(fragments, basicOffsetTable, frames);
  return Buffer.from(dicomParser.readEncapsulatedPixelDataFromFragments(dataSet, pixelData, 0, count));
}

/** Without a table of offsets, fragments can be told apart where each is a frame. */
function fragmentsOfFirstFrame(
  fragments: NonNullable<Element['fragments']>,
  offsets: readonly number[],
  frames: number,
): number {
  if (offsets.length > 1) return fragments.findIndex(({ offset }) => offset === offsets[1]);
  if (fragments.length === frames) return 1;
  throw new Error(`${fragments.length} fragments of ${frames} frames without a table of offsets`);
}
