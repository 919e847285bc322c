import sharp, { type Metadata, type Sharp } from 'sharp';
import { DataError } from '../errors.ts';
import type { GreyImage } from './dataset.ts';
import { checkImageSize, type ImageSize } from './image-size.ts';

const FORMATS: readonly string[] = ['png', 'jpeg', 'tiff'];
const DEFAULT_MAX_MEGAPIXELS = 200;

/** ITU-R BT.601 luma, as most medical viewers and PIL compute it. */
const LUMA = [0.299, 0.587, 0.114] as const;

/** libvips keeps recently opened files, which would hide that a file changed on disk. */
sharp.cache(false);

export interface DecodeOptions {
  /** Larger images are refused before any pixel is decoded. */
  readonly maxMegapixels?: number;
}

/**
 * Width and height of an image file, in stored pixels; reads the header alone.
 * @throws {DataError} when the file is missing, not an image, of another format, empty or too large.
 */
export async function readImageSize(path: string, options: DecodeOptions = {}): Promise<ImageSize> {
  const { width, height } = await readHeader(path, options);
  return { width, height };
}

/**
 * Decodes a PNG, JPEG or TIFF file (8 or 16 bit, the first page) to grey values in [0, 1] of the format's full range.
 * Colour becomes luma, alpha and colour profiles are dropped, and an EXIF orientation is ignored, so that pixel
 * positions are those of the stored rows and columns.
 * @throws {DataError} as `readImageSize`, and when the pixels are damaged or cut off.
 */
export async function decodeGrey(path: string, options: DecodeOptions = {}): Promise<GreyImage> {
  const header = await readHeader(path, options);
  const wide = header.depth === 'ushort';
  if (!wide && header.depth !== 'uchar') {
    throw new DataError('FSX_IMAGE_DEPTH', `${path} stores its pixels as ${header.depth}`, {
      suggestion: 'Convert it to 8 or 16 bit unsigned integers.',
    });
  }
  const colour = header.channels >= 3;
  const space = wide ? (colour ? 'rgb16' : 'grey16') : colour ? 'srgb' : 'b-w';
  try {
    const { data, info } = await open(path)
      .removeAlpha()
      .toColourspace(space)
      .raw({ depth: wide ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const values = wide ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) : data;
    const pixels = toGrey(values, info.channels, wide ? 65535 : 255);
    return { width: info.width, height: info.height, pixels };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function open(path: string): Sharp {
  return sharp(path, { failOn: 'error', ignoreIcc: true, limitInputPixels: false });
}

async function readHeader(path: string, options: DecodeOptions): Promise<Metadata> {
  let header: Metadata;
  try {
    header = await open(path).metadata();
  } catch (cause) {
    throw unreadable(path, cause);
  }
  if (!FORMATS.includes(header.format)) {
    throw new DataError('FSX_IMAGE_FORMAT', `${path} is a ${header.format} file`, {
      suggestion: 'Convert it to PNG, JPEG or TIFF.',
    });
  }
  checkImageSize(path, header, options.maxMegapixels ?? DEFAULT_MAX_MEGAPIXELS);
  return header;
}

function unreadable(path: string, cause: unknown): DataError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (/is missing/.test(reason)) {
    return new DataError('FSX_IMAGE_MISSING', `there is no image file ${path}`, { cause });
  }
  return new DataError('FSX_IMAGE_UNREADABLE', `${path} cannot be read as an image (${reason.trim()})`, {
    cause,
    suggestion: 'The file may be damaged or cut off: copy it again from where it came.',
  });
}

function toGrey(values: Uint8Array | Uint16Array, channels: number, full: number): Float32Array {
  const pixels = new Float32Array(values.length / channels);
  if (channels < 3) {
    for (let i = 0; i < pixels.length; i++) pixels[i] = values[i * channels]! / full;
    return pixels;
  }
  const [red, green, blue] = LUMA;
  for (let i = 0, k = 0; i < pixels.length; i++, k += channels) {
    pixels[i] = (red * values[k]! + green * values[k + 1]! + blue * values[k + 2]!) / full;
  }
  return pixels;
}
