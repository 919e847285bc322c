import dcmjsCodecs from 'dcmjs-codecs';
import { checkRleHeader, readCodestream } from './codestream.ts';
import type { DicomHeader } from './header.ts';
import type { PixelCoding } from './transfer-syntax.ts';

type CompressedCoding = Exclude<PixelCoding, 'none'>;

const { Context, NativeCodecs } = dcmjsCodecs;

const DECODERS = {
  rle: 'decodeRle',
  jpeg: 'decodeJpeg',
  'jpeg-ls': 'decodeJpegLs',
  'jpeg-2000': 'decodeJpeg2000',
} as const satisfies Record<CompressedCoding, keyof typeof NativeCodecs>;

let starting: Promise<void> | undefined;

/**
 * Decodes one compressed frame in WebAssembly: IJG's libjpeg at 8, 12 and 16 bits, CharLS, OpenJPEG. After an error the
 * WebAssembly's memory is in no defined state: end the thread.
 * @returns little-endian words of one byte where a pixel has at most 8 `bits`, else of two.
 * @throws {Error} for a damaged stream, or one of another size than the header says.
 */
export async function decompress(
  frame: Buffer,
  header: DicomHeader,
  coding: CompressedCoding,
): Promise<{ bytes: Uint8Array; bits: number }> {
  const bits = checkedBits(frame, header, coding);
  starting ??= NativeCodecs.initializeAsync();
  await starting;
  const context = new Context({
    width: header.width,
    height: header.height,
    bitsAllocated: bits <= 8 ? 8 : 16,
    bitsStored: bits,
    samplesPerPixel: 1,
    pixelRepresentation: header.layout.signed ? 1 : 0,
    planarConfiguration: 0,
    photometricInterpretation: 'MONOCHROME2',
    encodedBuffer: frame,
  });
  const bytes = NativeCodecs[DECODERS[coding]](context).getDecodedBuffer();
  if (bytes === undefined) throw new Error('nothing was decoded');
  return { bytes, bits };
}

/** Bits of a decoded pixel, once the stream is known to hold the image that the header describes. */
function checkedBits(
  frame: Buffer,
  { width, height, layout }: DicomHeader,
  coding: CompressedCoding,
): number {
  if (coding === 'rle') {
    checkRleHeader(frame, layout.bitsAllocated / 8);
    return layout.bitsAllocated;
  }
  const stream = readCodestream(frame, coding);
  const fits = stream.width === width && stream.height === height && stream.components === 1;
  if (fits && stream.bits >= 1 && stream.bits <= layout.bitsAllocated) return stream.bits;
  const found = `${stream.width} x ${stream.height} pixels of ${stream.components} x ${stream.bits} bits`;
  throw new Error(`the compressed pixels are ${found}, not ${width} x ${height} of ${layout.bitsAllocated}`);
}
