import { createHash } from 'node:crypto';
import { DataError } from '../errors.ts';
import type { ImageStore } from './image-store.ts';
import type { Split } from './split.ts';

/** A split whose test images are nowhere else, and what was taken out for that. */
export interface SplitWithoutCopies {
  readonly split: Split;
  /** Ids of images that, at working size, look exactly as a test image does. */
  readonly leftOut: readonly string[];
}

/**
 * Takes copies of test images out of the unlabeled and the validation images: published sets have some (three
 * cephalograms of ISBI 2015 lie in its training and in its test part).
 * @param store holds the images of the split.
 * @throws {DataError} FSX_DATA_TEST_COPY when a labeled image is such a copy.
 */
export function withoutTestCopies(store: ImageStore, split: Split): SplitWithoutCopies {
  const hashes = new Map(store.images.map(({ id }, index) => [id, hashOf(store, index)]));
  const tested = new Set(split.test.map((id) => hashes.get(id)));
  const isCopy = (id: string) => tested.has(hashes.get(id));
  const labeled = split.labeled.filter(isCopy);
  if (labeled.length > 0) {
    throw new DataError(
      'FSX_DATA_TEST_COPY',
      `labeled images have the very pixels of test images: ${labeled.join(', ')}`,
      { suggestion: 'Name other ones in data.split.labeled; `fsx data inspect` lists every copy.' },
    );
  }
  const unlabeled = split.unlabeled.filter((id) => !isCopy(id));
  const validation = split.validation.filter((id) => !isCopy(id));
  const leftOut = [...split.unlabeled, ...split.validation].filter(isCopy);
  return { split: { ...split, unlabeled, validation }, leftOut };
}

function hashOf({ pixels, stored }: ImageStore, index: number): string {
  const area = stored.width * stored.height;
  return createHash('sha256')
    .update(pixels.subarray(index * area, (index + 1) * area))
    .digest('hex');
}
