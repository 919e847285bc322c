export interface BmpLayout {
  readonly bitsPerPixel: 1 | 4 | 8 | 24 | 32;
  /** Rows stored from top to bottom, which a negative height says. */
  readonly topDown?: boolean;
  /** The grey of each palette entry, for up to 8 bits a pixel. */
  readonly palette?: (index: number) => number;
}

/**
 * The bytes of an uncompressed BMP file, written by its specification: rows of a multiple of 4 bytes, blue before red.
 * @param values `[height, width]`: greys, or palette entries for up to 8 bits a pixel.
 */
export function encodeBmp(width: number, height: number, values: Uint8Array, layout: BmpLayout): Buffer {
  const { bitsPerPixel, topDown = false, palette = (index) => index } = layout;
  const entries = bitsPerPixel <= 8 ? 2 ** bitsPerPixel : 0;
  const pixelsAt = 14 + 40 + 4 * entries;
  const stride = Math.ceil((width * bitsPerPixel) / 32) * 4;
  const file = Buffer.alloc(pixelsAt + stride * height);
  file.write('BM');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(pixelsAt, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(topDown ? -height : height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(bitsPerPixel, 28);
  file.writeUInt32LE(stride * height, 34);
  for (let entry = 0; entry < entries; entry++) {
    file.fill(palette(entry), 54 + 4 * entry, 54 + 4 * entry + 3);
  }
  for (let y = 0; y < height; y++) {
    const row = pixelsAt + stride * (topDown ? y : height - 1 - y);
    for (let x = 0; x < width; x++) {
      const value = values[y * width + x]!;
      const at = row + Math.floor((x * bitsPerPixel) / 8);
      if (bitsPerPixel >= 8) file.fill(value, at, at + Math.min(3, bitsPerPixel / 8));
      else file[at]! |= value << (8 - bitsPerPixel - ((x * bitsPerPixel) % 8));
    }
  }
  return file;
}
