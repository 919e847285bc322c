import type { CodestreamCoding } from './transfer-syntax.ts';

/** What a compressed frame says of itself. */
export interface Codestream {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly bits: number;
}

/** Start-of-frame markers of the processes that DICOM allows: baseline, extended, lossless (ITU-T T.81, table B.1). */
const JPEG_FRAMES = [0xffc0, 0xffc1, 0xffc3];
/** ITU-T T.87, table C.1. */
const JPEG_LS_FRAMES = [0xfff7];
const JPEG_START = 0xffd8;
const JPEG_SCAN = 0xffda;
/** Start of codestream, then the SIZ marker (ITU-T T.800, annex A). */
const JPEG_2000_START = Buffer.from([0xff, 0x4f, 0xff, 0x51]);
const SMALLEST_TILE_AREA = 32 * 32;

/**
 * Reads the header of a compressed frame, so that a decoder never meets an image of another size than the file says.
 * @throws {Error} when it has none.
 */
export function readCodestream(bytes: Buffer, coding: CodestreamCoding): Codestream {
  if (coding === 'jpeg-2000') return readJpeg2000(bytes);
  return readJpeg(bytes, coding === 'jpeg' ? JPEG_FRAMES : JPEG_LS_FRAMES);
}

function readJpeg(bytes: Buffer, frames: readonly number[]): Codestream {
  if (bytes.readUInt16BE(0) !== JPEG_START) throw new Error('the pixel data is not JPEG');
  let position = 2;
  for (;;) {
    const marker = bytes.readUInt16BE(position);
    if (frames.includes(marker)) {
      return {
        bits: bytes.readUInt8(position + 4),
        height: bytes.readUInt16BE(position + 5),
        width: bytes.readUInt16BE(position + 7),
        components: bytes.readUInt8(position + 9),
      };
    }
    const length = bytes.readUInt16BE(position + 2);
    if (marker < 0xffc0 || marker >= 0xffff || marker === JPEG_SCAN || length < 2) {
      throw new Error(`the JPEG stream has the marker ${marker.toString(16)} before a frame`);
    }
    position += 2 + length;
  }
}

function readJpeg2000(bytes: Buffer): Codestream {
  if (!bytes.subarray(0, JPEG_2000_START.length).equals(JPEG_2000_START)) {
    throw new Error('the pixel data is not a JPEG 2000 codestream');
  }
  const [right, bottom, left, top, tileWidth, tileHeight] = [8, 12, 16, 20, 24, 28].map((at) =>
    bytes.readUInt32BE(at),
  ) as [number, number, number, number, number, number];
  const [width, height] = [right - left, bottom - top];
  if (tileWidth * tileHeight < Math.min(SMALLEST_TILE_AREA, width * height)) {
    throw new Error(`the JPEG 2000 stream has tiles of ${tileWidth} x ${tileHeight} pixels`);
  }
  const [horizontalStep, verticalStep] = [bytes.readUInt8(43), bytes.readUInt8(44)];
  if (horizontalStep !== 1 || verticalStep !== 1) throw new Error('the JPEG 2000 stream is subsampled');
  return { width, height, components: bytes.readUInt16BE(40), bits: (bytes.readUInt8(42) & 0x7f) + 1 };
}
