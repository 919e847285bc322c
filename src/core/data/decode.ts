import { type FileHandle, open as openFile, readFile } from 'node:fs/promises';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { DataError } from '../errors.ts';
import { BMP_START_BYTES, bmpHeader, decodeBmp } from './bmp.ts';
import type { GreyImage } from './dataset.ts';
import { checkImageSize, type ImageSize } from './image-size.ts';

/** Names of files that may be images: PNG, JPEG, TIFF or BMP. */
export const IMAGE_FILE = /\.(png|jpe?g|tiff?|bmp)$/i;

const FORMATS: readonly string[] = ['png', 'jpeg', 'tiff', 'bmp'];
const DEFAULT_MAX_MEGAPIXELS = 200;

/** ITU-R BT.601 luma, as most medical viewers and PIL compute it. */
const LUMA = [0.299, 0.587, 0.114] as const;

/** libvips keeps recently opened files, which would hide that a file changed on disk. */
sharp.cache(false);

/** An image file, or the bytes of one and what to call it in messages. */
export type ImageSource = string | { readonly name: string; readonly bytes: Buffer };

export interface DecodeOptions {
  /** Larger images are refused before any pixel is decoded. */
  readonly maxMegapixels?: number;
}

type Header = Pick<Metadata, 'width' | 'height' | 'depth' | 'channels'> & { readonly format: string };

/**
 * Width and height of an image file, in stored pixels; reads the header alone.
 * @throws {DataError} when the file is missing, not an image, of another format, empty or too large.
 */
export async function readImageSize(source: ImageSource, options: DecodeOptions = {}): Promise<ImageSize> {
  const { width, height } = await readHeader(source, options);
  return { width, height };
}

/**
 * Decodes a PNG, JPEG, TIFF or BMP file (8 or 16 bit, the first page) to grey values in [0, 1] of the format's full
 * range. Colour becomes luma, alpha and colour profiles are dropped, and an EXIF orientation is ignored, so that pixel
 * positions are those of the stored rows and columns.
 * @throws {DataError} as `readImageSize`, and when the pixels are damaged or cut off.
 */
export async function decodeGrey(source: ImageSource, options: DecodeOptions = {}): Promise<GreyImage> {
  const header = await readHeader(source, options);
  try {
    if (header.format !== 'bmp') return await decodeWithSharp(source, header);
    const { width, height } = header;
    return { width, height, pixels: toGrey(decodeBmp(await bytesOf(source)), 3, 255) };
  } catch (cause) {
    throw cause instanceof DataError ? cause : unreadable(source, cause);
  }
}

async function decodeWithSharp(source: ImageSource, header: Header): Promise<GreyImage> {
  const wide = header.depth === 'ushort';
  if (!wide && header.depth !== 'uchar') {
    throw new DataError('FSX_IMAGE_DEPTH', `${nameOf(source)} stores its pixels as ${header.depth}`, {
      suggestion: 'Convert it to 8 or 16 bit unsigned integers.',
    });
  }
  const colour = header.channels >= 3;
  const space = wide ? (colour ? 'rgb16' : 'grey16') : colour ? 'srgb' : 'b-w';
  const { data, info } = await open(source)
    .removeAlpha()
    .toColourspace(space)
    .raw({ depth: wide ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const values = wide ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) : data;
  const pixels = toGrey(values, info.channels, wide ? 65535 : 255);
  return { width: info.width, height: info.height, pixels };
}

function open(source: ImageSource): Sharp {
  const input = typeof source === 'string' ? source : source.bytes;
  return sharp(input, { failOn: 'error', ignoreIcc: true, limitInputPixels: false });
}

function nameOf(source: ImageSource): string {
  return typeof source === 'string' ? source : source.name;
}

async function bytesOf(source: ImageSource): Promise<Buffer> {
  return typeof source === 'string' ? readFile(source) : source.bytes;
}

async function readHeader(source: ImageSource, options: DecodeOptions): Promise<Header> {
  let header: Header;
  try {
    const bmp = bmpHeader(await startOf(source));
    header = bmp ? { ...bmp, format: 'bmp', depth: 'uchar', channels: 3 } : await open(source).metadata();
  } catch (cause) {
    throw unreadable(source, cause);
  }
  if (!FORMATS.includes(header.format)) {
    throw new DataError('FSX_IMAGE_FORMAT', `${nameOf(source)} is a ${header.format} file`, {
      suggestion: 'Convert it to PNG, JPEG, TIFF or BMP.',
    });
  }
  checkImageSize(nameOf(source), header, options.maxMegapixels ?? DEFAULT_MAX_MEGAPIXELS);
  return header;
}

async function startOf(source: ImageSource): Promise<Buffer> {
  if (typeof source !== 'string') return source.bytes.subarray(0, BMP_START_BYTES);
  let file: FileHandle | undefined;
  try {
    file = await openFile(source);
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(BMP_START_BYTES) });
    return buffer.subarray(0, bytesRead);
  } finally {
    await file?.close();
  }
}

function unreadable(source: ImageSource, cause: unknown): DataError {
  const name = nameOf(source);
  if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
    return new DataError('FSX_IMAGE_MISSING', `there is no image file ${name}`, { cause });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DataError('FSX_IMAGE_UNREADABLE', `${name} cannot be read as an image (${reason.trim()})`, {
    cause,
    suggestion: 'The file may be damaged or cut off: copy it again from where it came.',
  });
}

function toGrey(values: Uint8Array | Uint16Array, channels: number, full: number): Float32Array {
  const pixels = new Float32Array(values.length / channels);
  if (channels < 3) {
    for (let i = 0, k = 0; i < pixels.length; i++, k += channels) pixels[i] = values[k]! / full;
    return pixels;
  }
  const [red, green, blue] = LUMA;
  for (let i = 0, k = 0; i < pixels.length; i++, k += channels) {
    pixels[i] = (red * values[k]! + green * values[k + 1]! + blue * values[k + 2]!) / full;
  }
  return pixels;
}
