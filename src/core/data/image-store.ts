import type { Dataset, PixelSpacing, Point, Sample } from './dataset.ts';
import { type Fit, type Frame, frameOf } from './frame.ts';
import { transformPoint } from './geometry.ts';
import type { ImageSize } from './image-size.ts';
import { loadPixels, type PixelLoading } from './load-pixels.ts';
import type { PixelStore } from './stored-pixels.ts';

export interface ImageStoreOptions
  extends Pick<PixelLoading, 'source' | 'memoryLimitBytes' | 'onProgress' | 'onWait'> {
  /** What the network sees, in pixels. */
  readonly size: ImageSize;
  readonly fit: Fit;
  /** Pixels are kept at `size` times this. */
  readonly oversample: number;
}

/** One image of a store: what it was, and how it lies in the frame. */
export interface StoredImage extends ImageSize {
  readonly id: string;
  readonly spacing?: PixelSpacing;
  readonly frame: Frame;
  /** SHA-256 of its pixels as they are kept. */
  readonly hash: string;
}

/**
 * Images decoded once, at working size (see `pixelsOf`). Plain data: it can be posted to a worker thread, which then sees
 * the same pixels without a copy. `stored` covers the same frame as `size`. It holds a file where the images are many:
 * `closePixels` when it is done with.
 */
export interface ImageStore extends PixelStore {
  /** What the network sees, in pixels. */
  readonly size: ImageSize;
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
 * Reads samples of a dataset into a store, in the order given.
 * @throws {DataError} from the dataset, for an image that cannot be decoded; FSX_IMAGES_TOO_LARGE.
 */
export async function loadImageStore(
  dataset: Dataset,
  samples: readonly Sample[],
  options: ImageStoreOptions,
): Promise<ImageStore> {
  const { size, fit, oversample, ...loading } = options;
  const stored = { width: Math.round(size.width * oversample), height: Math.round(size.height * oversample) };
  const { pixels, hashes } = await loadPixels({ dataset, samples, shape: { stored, fit }, ...loading });
  const images = samples.map((sample, index) => describe(sample, size, fit, hashes[index]!));
  const landmarkCount = dataset.landmarkNames.length;
  const mirrored = mirrorTable(landmarkCount, dataset.mirrorPairs);
  return {
    size,
    stored,
    pixels,
    images,
    landmarkCount,
    ...labelsOf(samples, images, landmarkCount),
    mirrored,
  };
}

function describe(sample: Sample, size: ImageSize, fit: Fit, hash: string): StoredImage {
  const { id, width, height, spacing } = sample;
  const frame = frameOf(sample, size, fit);
  return { id, width, height, frame, hash, ...(spacing === undefined ? {} : { spacing }) };
}

function labelsOf(samples: readonly Sample[], images: readonly StoredImage[], landmarkCount: number) {
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
  return { landmarks, present };
}

function mirrorTable(landmarkCount: number, pairs: Dataset['mirrorPairs']): Int32Array {
  const table = Int32Array.from({ length: landmarkCount }, (_, landmark) => landmark);
  for (const [left, right] of pairs) {
    table[left] = right;
    table[right] = left;
  }
  return table;
}
