import { expect, it } from 'vitest';
import type { Dataset, Sample } from '../../../src/core/data/dataset.ts';
import { loadImageStore } from '../../../src/core/data/image-store.ts';
import { withoutTestCopies } from '../../../src/core/data/test-copies.ts';

const SHADES: Readonly<Record<string, number>> = { a: 0.1, b: 0.2, c: 0.3, d: 0.4, 'copy of a': 0.1, e: 0.5 };

async function storeOf(ids: readonly string[]) {
  const samples = ids.map((id): Sample => ({ id, width: 8, height: 8, landmarks: [[1, 1]] }));
  const read = async ({ id }: Sample) => ({
    width: 8,
    height: 8,
    pixels: Float32Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? 1 : SHADES[id]!)),
  });
  const dataset: Dataset = { landmarkNames: ['apex'], mirrorPairs: [], edges: [], samples, read };
  return loadImageStore(dataset, samples, { size: { width: 8, height: 8 }, fit: 'pad', oversample: 1 });
}

it('an unlabeled copy of a test image is not trained on, and is named', async () => {
  const split = { labeled: ['b'], unlabeled: ['c', 'copy of a', 'd'], validation: ['e'], test: ['a'] };
  const store = await storeOf(['b', 'c', 'copy of a', 'd', 'e', 'a']);
  expect(withoutTestCopies(store, split, { labeled: 1 })).toEqual({
    split: { ...split, unlabeled: ['c', 'd'] },
    leftOut: ['copy of a'],
  });
});

it('nothing is chosen on a copy of a test image', async () => {
  const split = { labeled: ['b'], unlabeled: [], validation: ['copy of a', 'e'], test: ['a'] };
  const store = await storeOf(['b', 'copy of a', 'e', 'a']);
  const { split: clean } = withoutTestCopies(store, split, { labeled: 1 });
  expect(clean.validation).toEqual(['e']);
});

it('a labeled copy of a test image is refused by name', async () => {
  const split = { labeled: ['copy of a'], unlabeled: [], validation: [], test: ['a'] };
  const store = await storeOf(['copy of a', 'a']);
  for (const labeled of [1, ['copy of a']]) {
    expect(() => withoutTestCopies(store, split, { labeled })).toThrow(
      /very pixels of test images: copy of a/,
    );
  }
});

it('all that is left to label is labeled but for copies of test images', async () => {
  const split = { labeled: ['b', 'copy of a', 'c'], unlabeled: [], validation: [], test: ['a'] };
  const store = await storeOf(['b', 'copy of a', 'c', 'a']);
  const { split: clean, leftOut } = withoutTestCopies(store, split, { labeled: 'rest' });
  expect(clean.labeled).toEqual(['b', 'c']);
  expect(leftOut).toEqual(['copy of a']);
});
