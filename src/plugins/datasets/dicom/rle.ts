const HEADER_BYTES = 64;
const NO_OPERATION = -128;

/**
 * Decodes an RLE frame of one sample a pixel (PS3.5, annex G): a segment for each byte of a pixel, the highest first.
 * It is done here, since the decoder of dcmjs-codecs writes beyond the image where a run is too long.
 * @returns little-endian words.
 * @throws {Error} when it does not hold that many pixels.
 */
export function decodeRle(frame: Buffer, pixels: number, bytesPerPixel: number): Uint8Array {
  const bytes = new Uint8Array(pixels * bytesPerPixel);
  segmentsOf(frame, bytesPerPixel).forEach((segment, index) => {
    unpack(segment, bytes, bytesPerPixel - 1 - index, bytesPerPixel);
  });
  return bytes;
}

function segmentsOf(frame: Buffer, count: number): Buffer[] {
  if (frame.length < HEADER_BYTES) throw new Error('the RLE header is cut off');
  const found = frame.readUInt32LE(0);
  if (found !== count) throw new Error(`there are ${found} RLE segments, not ${count}`);
  const starts = Array.from({ length: count }, (_, index) => frame.readUInt32LE(4 + 4 * index));
  return starts.map((start, index) => frame.subarray(start, starts[index + 1] ?? frame.length));
}

/** Writes a segment to every `step`th byte, beginning with the one at `first`. */
function unpack(segment: Buffer, bytes: Uint8Array, first: number, step: number): void {
  let from = 0;
  let to = first;
  while (to < bytes.length) {
    if (from >= segment.length) throw new Error('an RLE segment ends before the image');
    const control = segment.readInt8(from++);
    if (control === NO_OPERATION) continue;
    const literal = control >= 0;
    const count = Math.abs(control) + 1;
    const taken = literal ? count : 1;
    if (from + taken > segment.length) throw new Error('an RLE run is cut off');
    for (let k = 0; k < count && to < bytes.length; k++, to += step) {
      bytes[to] = segment[literal ? from + k : from]!;
    }
    from += taken;
  }
}
