import { plainView } from '../data/augment.ts';
import type { GreyImage, Point } from '../data/dataset.ts';
import type { ImageStore } from '../data/image-store.ts';
import { resample } from '../data/resample.ts';
import type { Predictor } from '../training/inference.ts';
import type { NetworkVectors } from '../training/state.ts';
import type { Survey } from '../training/strategy.ts';
import type { Experiment } from './experiment.ts';

/** The longer side of the rasters, unless what is kept of the images is smaller: detail beyond it earns little. */
const LONGEST_SIDE = 320;

/** The labeled images, and the unlabeled ones with the landmarks that a network finds in them. */
export function surveyOf(
  { store, positions }: Pick<Experiment, 'store' | 'positions'>,
  predictor: Predictor,
  weights: NetworkVectors,
): Survey {
  return {
    labeled: positions.labeled.map((position) => {
      const image = rasterOf(store, position);
      return { image, landmarks: labelsIn(image, store, position) };
    }),
    unlabeled: predicted(store, positions.unlabeled, predictor, weights),
  };
}

/** Images whose views are in memory at the same time. */
const IMAGES_AT_ONCE = 16;

function* predicted(
  store: ImageStore,
  positions: readonly number[],
  predictor: Predictor,
  weights: NetworkVectors,
) {
  for (let first = 0; first < positions.length; first += IMAGES_AT_ONCE) {
    const some = positions.slice(first, first + IMAGES_AT_ONCE);
    const found = predictor.predict(
      weights,
      some.map((position) => plainView(store, position).pixels),
    );
    for (const [k, position] of some.entries()) {
      const image = rasterOf(store, position);
      const landmarks = Array.from({ length: store.landmarkCount }, (_, i) => inPixels(image, found[k]!, i));
      yield { image, landmarks };
    }
  }
}

/** An image of the store, of which neither side is longer than `LONGEST_SIDE`. */
function rasterOf({ stored, pixels }: ImageStore, position: number): GreyImage {
  const { width, height } = stored;
  const area = width * height;
  const grey = Float32Array.from(pixels.subarray(position * area, (position + 1) * area), (v) => v / 255);
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  if (scale === 1) return { width, height, pixels: grey };
  const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
  const factors = { x: size.width / width, y: size.height / height };
  return { ...size, pixels: resample({ width, height, pixels: grey }, size, factors) };
}

function labelsIn(image: GreyImage, { landmarks, landmarkCount, present }: ImageStore, position: number) {
  const first = position * landmarkCount;
  const own = landmarks.subarray(first * 2, (first + landmarkCount) * 2);
  return Array.from({ length: landmarkCount }, (_, landmark) =>
    present[first + landmark] === 1 ? inPixels(image, own, landmark) : null,
  );
}

/** A landmark of `[landmarks, 2]` in the frame, as a pixel position. */
function inPixels({ width, height }: GreyImage, landmarks: Float32Array, landmark: number): Point {
  return [landmarks[landmark * 2]! * width - 0.5, landmarks[landmark * 2 + 1]! * height - 0.5];
}
