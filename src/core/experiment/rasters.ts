import type { GreyImage, Point } from '../data/dataset.ts';
import type { ImageStore } from '../data/image-store.ts';
import { resample } from '../data/resample.ts';
import { pixelsOf } from '../data/stored-pixels.ts';
import type { Example } from '../matching/landmark-matcher.ts';

/** The longer side of the rasters, unless what is kept of the images is smaller: detail beyond it earns little. */
const LONGEST_SIDE = 320;

/** A stored image as it is compared with others: the whole frame, neither side longer than `LONGEST_SIDE`. */
export function rasterOf(store: ImageStore, position: number): GreyImage {
  const { width, height } = store.stored;
  const grey = Float32Array.from(pixelsOf(store, position), (value) => value / 255);
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  if (scale === 1) return { width, height, pixels: grey };
  const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
  const factors = { x: size.width / width, y: size.height / height };
  return { ...size, pixels: resample({ width, height, pixels: grey }, size, factors) };
}

/** A labeled image of a store, for others to be compared with. */
export function exampleOf(store: ImageStore, position: number): Example {
  const image = rasterOf(store, position);
  const { landmarks, landmarkCount, present } = store;
  const first = position * landmarkCount;
  const labels = inRaster(image, landmarks.subarray(first * 2, (first + landmarkCount) * 2));
  return { image, landmarks: labels.map((label, landmark) => (present[first + landmark] ? label : null)) };
}

/** Landmarks `[landmarks, 2]` of the frame as pixel positions of a raster. */
export function inRaster({ width, height }: GreyImage, landmarks: Float32Array): Point[] {
  return Array.from({ length: landmarks.length / 2 }, (_, landmark) => [
    landmarks[landmark * 2]! * width - 0.5,
    landmarks[landmark * 2 + 1]! * height - 0.5,
  ]);
}
