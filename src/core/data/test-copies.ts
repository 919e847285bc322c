import { DataError } from '../errors.ts';
import type { ImageStore } from './image-store.ts';
import type { Split, SplitRequest } from './split.ts';

/** A split whose test images are nowhere else, and what was taken out for that. */
export interface SplitWithoutCopies {
  readonly split: Split;
  /** Ids of images that, at working size, look exactly as a test image does. */
  readonly leftOut: readonly string[];
}

/**
 * Takes copies of test images out of the unlabeled and the validation images, and out of the labeled ones where these are
 * all that there are: published sets have some (three cephalograms of ISBI 2015 lie in its training and in its test part).
 * @param store has the images of the split.
 * @throws {DataError} FSX_DATA_TEST_COPY when a labeled image that was drawn or named is such a copy.
 */
export function withoutTestCopies(
  { images }: Pick<ImageStore, 'images'>,
  split: Split,
  wanted: Pick<SplitRequest, 'labeled'>,
): SplitWithoutCopies {
  const hashes = new Map(images.map(({ id, hash }) => [id, hash]));
  const tested = new Set(split.test.map((id) => hashes.get(id)));
  const isCopy = (id: string) => tested.has(hashes.get(id));
  const copies = split.labeled.filter(isCopy);
  if (copies.length > 0 && wanted.labeled !== 'rest') {
    throw new DataError(
      'FSX_DATA_TEST_COPY',
      `labeled images have the very pixels of test images: ${copies.join(', ')}`,
      { suggestion: 'Name other ones in data.split.labeled; `fsx data inspect` lists every copy.' },
    );
  }
  const labeled = split.labeled.filter((id) => !isCopy(id));
  const unlabeled = split.unlabeled.filter((id) => !isCopy(id));
  const validation = split.validation.filter((id) => !isCopy(id));
  const leftOut = [...copies, ...split.unlabeled.filter(isCopy), ...split.validation.filter(isCopy)];
  return { split: { labeled, unlabeled, validation, test: split.test }, leftOut };
}
