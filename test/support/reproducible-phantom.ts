import { expect, it } from 'vitest';
import type { Dataset, GreyImage, Point, Sample } from '../../src/core/data/dataset.ts';
import { landmarksOf, readAll } from './phantom-images.ts';

/** How a phantom is made for a test; everything else is as it comes. */
type PhantomMaker = (options: { samples?: number; size?: number; seed?: number }) => Dataset;

/** What every phantom owes a split and a resumed run: a sample is a function of the seed and its index alone. */
export function itIsReproducible(phantom: PhantomMaker): void {
  it('gives the same picture whatever was read before it', async () => {
    const [forwards, backwards] = [phantom({ samples: 4, size: 96 }), phantom({ samples: 4, size: 96 })];
    const first = await readAll(forwards);
    for (const index of [3, 1, 2, 0]) {
      const again = await backwards.read(backwards.samples[index] as Sample);
      expect(again.pixels).toEqual((first[index] as GreyImage).pixels);
    }
  });

  it('keeps a sample when the set grows, and changes it with the seed', () => {
    const sample = phantom({ samples: 3 }).samples[2];
    expect(phantom({ samples: 9 }).samples[2]).toEqual(sample);
    expect(phantom({ samples: 3, seed: 1 }).samples[2]?.landmarks).not.toEqual(sample?.landmarks);
  });

  it('shows the same patient at every size', () => {
    const [small, large] = [phantom({ size: 128 }), phantom({ size: 256 })].map(
      ({ samples }) => samples[0] as Sample,
    ) as [Sample, Sample];
    landmarksOf(small).forEach(([x, y], index) => {
      const [largeX, largeY] = landmarksOf(large)[index] as Point;
      expect((largeX + 0.5) / 2).toBeCloseTo(x + 0.5, 9);
      expect((largeY + 0.5) / 2).toBeCloseTo(y + 0.5, 9);
    });
  });
}
