import dcmjsCodecs from 'dcmjs-codecs';
import { readCodestream } from './codestream.ts';
import type { DicomHeader } from './header.ts';
import type { CodestreamCoding } from './transfer-syntax.ts';

const { Context, NativeCodecs } = dcmjsCodecs;

const DECODERS = {
  jpeg: 'decodeJpeg',
  'jpeg-ls': 'decodeJpegLs',
  'jpeg-2000': 'decodeJpeg2000',
} as const satisfies Record<CodestreamCoding, keyof typeof NativeCodecs>;

/**
 * Decodes one compressed frame in WebAssembly: IJG's libjpeg at 8, 12 and 16 bits, CharLS, OpenJPEG.
 * @returns little-endian words of one byte where a pixel has at most 8 `bits`, else of two.
 * @throws {Error} for a damaged stream, or one of another size than the header says.
 */
export async function decompress(
  frame: Buffer,
  header: DicomHeader,
  coding: CodestreamCoding,
): Promise<{ bytes: Uint8Array; bits: number }> {
  const bits = checkedBits(frame, header, coding);
  if (!NativeCodecs.isInitialized()) await NativeCodecs.initializeAsync();
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
  try {
    const bytes = NativeCodecs[DECODERS[coding]](context).getDecodedBuffer();
    if (bytes === undefined) throw new Error('nothing was decoded');
    return { bytes, bits };
  } catch (cause) {
    // a decoder that was left in the middle leaves its memory behind, in no defined state
    NativeCodecs.release();
    throw cause;
  }
}

/** Bits of a decoded pixel, once the stream is known to hold the image that the header describes. */
function checkedBits(
  frame: Buffer,
  { width, height, layout }: DicomHeader,
  coding: CodestreamCoding,
): number {
  const stream = readCodestream(frame, coding);
  const fits = stream.width === width && stream.height === height && stream.components === 1;
  if (fits && stream.bits >= 1 && stream.bits <= layout.bitsAllocated) return stream.bits;
  const found = `${stream.width} x ${stream.height} pixels of ${stream.components} x ${stream.bits} bits`;
  throw new Error(`the compressed pixels are ${found}, not ${width} x ${height} of ${layout.bitsAllocated}`);
}
