/** The first bytes of a BMP file: its mark and what `bmpHeader` reads. */
export const BMP_START_BYTES = 34;

const FILE_HEADER_BYTES = 14;
/** Since Windows 3; the older header of OS/2 has 12. */
const SMALLEST_INFO_HEADER_BYTES = 40;
const UNCOMPRESSED = 0;
/** Colours by masks, for which 32 bits a pixel take blue, green and red bytes in nearly every file. */
const BIT_FIELDS = 3;
const USUAL_MASKS = [0xff0000, 0xff00, 0xff] as const;

export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  /** A negative height in the file says that the rows are stored from top to bottom. */
  readonly topDown: boolean;
  readonly bitsPerPixel: number;
  readonly compression: number;
}

/** What the first bytes of a file state; `undefined` when it is no BMP file. */
export function bmpHeader(start: Buffer): BmpHeader | undefined {
  const isBmp =
    start.length >= BMP_START_BYTES &&
    start.toString('latin1', 0, 2) === 'BM' &&
    start.readUInt32LE(FILE_HEADER_BYTES) >= SMALLEST_INFO_HEADER_BYTES;
  if (!isBmp) return undefined;
  const height = start.readInt32LE(22);
  return {
    ...{ width: start.readInt32LE(18), height: Math.abs(height), topDown: height < 0 },
    ...{ bitsPerPixel: start.readUInt16LE(28), compression: start.readUInt32LE(30) },
  };
}

/**
 * The pixels of an uncompressed BMP file with a palette (1, 4 or 8 bits a pixel) or colours (24 or 32): `[height, width,
 * 3]`, red before green, from the top row.
 * @throws {Error} for another kind of BMP file, and when the file is cut off.
 */
export function decodeBmp(bytes: Buffer): Uint8Array {
  const header = bmpHeader(bytes)!;
  const { width, height, topDown, bitsPerPixel } = header;
  refuseUnknown(header, bytes);
  const stride = Math.ceil((width * bitsPerPixel) / 32) * 4;
  const pixelsAt = bytes.readUInt32LE(10);
  const end = pixelsAt + stride * height;
  if (bytes.length < end) throw new Error(`it has ${bytes.length} of ${end} bytes`);
  const paletteAt = FILE_HEADER_BYTES + bytes.readUInt32LE(FILE_HEADER_BYTES);
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0, k = 0; y < height; y++) {
    const row = pixelsAt + stride * (topDown ? y : height - 1 - y);
    for (let x = 0; x < width; x++, k += 3) {
      const colourAt =
        bitsPerPixel > 8
          ? row + (x * bitsPerPixel) / 8
          : paletteAt + 4 * paletteEntry(bytes, row, x, bitsPerPixel);
      pixels[k] = bytes[colourAt + 2]!;
      pixels[k + 1] = bytes[colourAt + 1]!;
      pixels[k + 2] = bytes[colourAt]!;
    }
  }
  return pixels;
}

/** The first pixel of a byte is in its highest bits. */
function paletteEntry(bytes: Buffer, row: number, x: number, bits: number): number {
  const firstBit = x * bits;
  return (bytes[row + (firstBit >> 3)]! >> (8 - bits - (firstBit & 7))) & ((1 << bits) - 1);
}

function refuseUnknown({ bitsPerPixel, compression }: BmpHeader, bytes: Buffer): void {
  const hasUsualMasks = () => USUAL_MASKS.every((mask, index) => bytes.readUInt32LE(54 + 4 * index) === mask);
  const isKnown =
    (compression === UNCOMPRESSED && [1, 4, 8, 24, 32].includes(bitsPerPixel)) ||
    (compression === BIT_FIELDS && bitsPerPixel === 32 && hasUsualMasks());
  if (isKnown) return;
  throw new Error(`BMP of ${bitsPerPixel} bits a pixel with compression ${compression} is not supported`);
}
