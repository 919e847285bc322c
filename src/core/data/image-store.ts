import type { Dataset, GreyImage, PixelSpacing, Point, Sample } from './dataset.ts';
import { contentScale, type Fit, type Frame, frameOf } from './frame.ts';
import { transformPoint } from './geometry.ts';
import type { ImageSize } from './image-size.ts';
import { resample } from './resample.ts';

/** A film that uses less of the grey range than this (12 bits in a 16-bit file) is spread over all of it. */
const NARROW_RANGE = 0.25;

export interface ImageStoreOptions {
  /** What the network sees, in pixels. */
  readonly size: ImageSize;
  readonly fit: Fit;
  /** Pixels are kept at `size` times this. */
  readonly oversample: number;
  /** Images decoded at the same time. */
  readonly concurrency?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** One image of a store: what it was, and how it lies in the frame. */
export interface StoredImage extends ImageSize {
  readonly id: string;
  readonly spacing?: PixelSpacing;
  readonly frame: Frame;
}

/**
 * Images decoded once, in memory at working size. Plain data: it can be posted to a worker thread, which then sees the
 * same pixels without a copy.
 */
export interface ImageStore {
  /** What the network sees, in pixels. */
  readonly size: ImageSize;
  /** The raster that is kept of each image, which covers the same frame as `size`. */
  readonly stored: ImageSize;
  /** `[images, stored.height, stored.width]`, 0 to 255, over shared memory. */
  readonly pixels: Uint8Array;
  readonly images: readonly StoredImage[];
  readonly landmarkCount: number;
  /** `[images, landmarks, 2]`, in the frame; (0, 0) where not labeled. */
  readonly landmarks: Float32Array;
  /** `[images, landmarks]`: 1 where labeled. */
  readonly present: Uint8Array;
  /** Entry i is the landmark that is called i in a mirrored view. */
  readonly mirrored: Int32Array;
}

/**
 * Decodes samples of a dataset into a store, in the order given.
 * @throws {DataError} from the dataset, for an image that cannot be decoded.
 */
export async function loadImageStore(
  dataset: Dataset,
  samples: readonly Sample[],
  options: ImageStoreOptions,
): Promise<ImageStore> {
  const store = emptyStore(dataset, samples, options);
  const area = store.stored.width * store.stored.height;
  let next = 0;
  let done = 0;
  const decodeInTurn = async () => {
    while (next < samples.length) {
      const index = next++;
      const image = await dataset.read(samples[index]!);
      store.pixels.set(toBytes(image, store.stored, options.fit), index * area);
      options.onProgress?.(++done, samples.length);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency ?? 4 }, decodeInTurn));
  return store;
}

function emptyStore(dataset: Dataset, samples: readonly Sample[], options: ImageStoreOptions): ImageStore {
  const { size, fit, oversample } = options;
  const stored = { width: Math.round(size.width * oversample), height: Math.round(size.height * oversample) };
  const landmarkCount = dataset.landmarkNames.length;
  const images = samples.map((sample) => describe(sample, size, fit));
  const landmarks = new Float32Array(samples.length * landmarkCount * 2);
  const present = new Uint8Array(samples.length * landmarkCount);
  samples.forEach((sample, index) => {
    sample.landmarks.forEach((point: Point | null, landmark) => {
      if (point === null) return;
      const slot = index * landmarkCount + landmark;
      landmarks.set(transformPoint(images[index]!.frame.toFrame, point), slot * 2);
      present[slot] = 1;
    });
  });
  const bytes = new SharedArrayBuffer(samples.length * stored.width * stored.height);
  const mirrored = mirrorTable(landmarkCount, dataset.mirrorPairs);
  return { size, stored, pixels: new Uint8Array(bytes), images, landmarkCount, landmarks, present, mirrored };
}

function describe(sample: Sample, size: ImageSize, fit: Fit): StoredImage {
  const { id, width, height, spacing } = sample;
  return {
    id,
    width,
    height,
    frame: frameOf(sample, size, fit),
    ...(spacing === undefined ? {} : { spacing }),
  };
}

function mirrorTable(landmarkCount: number, pairs: Dataset['mirrorPairs']): Int32Array {
  const table = Int32Array.from({ length: landmarkCount }, (_, landmark) => landmark);
  for (const [left, right] of pairs) {
    table[left] = right;
    table[right] = left;
  }
  return table;
}

function toBytes(image: GreyImage, stored: ImageSize, fit: Fit): Uint8ClampedArray {
  const values = resample(spreadNarrowRange(image), stored, contentScale(image, stored, fit));
  // Rounds and clamps by itself, and much faster than a function for each pixel.
  const bytes = new Uint8ClampedArray(values.length);
  for (let i = 0; i < values.length; i++) bytes[i] = 255 * values[i]!;
  return bytes;
}

/** The image as it is stored: a range that leaves most of the format's unused is spread over all of it. */
export function spreadNarrowRange(image: GreyImage): GreyImage {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < image.pixels.length; i++) {
    low = Math.min(low, image.pixels[i]!);
    high = Math.max(high, image.pixels[i]!);
  }
  const range = high - low;
  if (range >= NARROW_RANGE || range < 1e-6) return image;
  return { ...image, pixels: image.pixels.map((value) => (value - low) / range) };
}
