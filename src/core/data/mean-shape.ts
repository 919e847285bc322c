import { DataError } from '../errors.ts';
import type { ImageStore } from './image-store.ts';

/**
 * The mean of each landmark over the images that label it: the shape that a graph head starts from.
 * @param indices the labeled training images of the store.
 * @returns `[landmarks, 2]`, x before y, in the frame [0, 1].
 * @throws {DataError} when none of the images labels a landmark.
 */
export function meanShape(
  store: ImageStore,
  indices: readonly number[],
  landmarkNames: readonly string[],
): Float32Array {
  const { landmarkCount: count, landmarks, present } = store;
  const sums = new Float64Array(count * 2);
  const labeled = new Float64Array(count);
  for (const index of indices) {
    for (let landmark = 0; landmark < count; landmark++) {
      const slot = index * count + landmark;
      if (present[slot] === 0) continue;
      labeled[landmark]! += 1;
      sums[landmark * 2]! += landmarks[slot * 2]!;
      sums[landmark * 2 + 1]! += landmarks[slot * 2 + 1]!;
    }
  }
  refuseUnseen(labeled, landmarkNames, indices.length);
  return Float32Array.from(sums, (sum, k) => sum / labeled[Math.floor(k / 2)]!);
}

function refuseUnseen(labeled: Float64Array, names: readonly string[], images: number): void {
  const unseen = names.filter((_, landmark) => labeled[landmark] === 0);
  if (unseen.length === 0) return;
  throw new DataError(
    'FSX_DATA_LANDMARK_UNSEEN',
    `none of the ${images} labeled images shows ${unseen.map((name) => `"${name}"`).join(', ')}`,
    { suggestion: 'Take more labeled images (data.split.labeled), or name ones that show every landmark.' },
  );
}
