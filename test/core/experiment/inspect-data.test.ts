import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../src/core/data/dataset.ts';
import { chooseForSheet } from '../../../src/core/experiment/inspect-data.ts';

const samples = Array.from({ length: 100 }, (_, index): Sample => {
  const landmarks: Sample['landmarks'] = index < 60 ? [[1, 1]] : [null];
  return { id: String(index), width: 9, height: 9, landmarks };
});
const chosen = (flagged: readonly number[], count: number) =>
  chooseForSheet(samples, new Map(flagged.map((id) => [String(id), 'dark image'])), count).map(({ id }) =>
    Number(id),
  );

describe('a contact sheet shows', () => {
  it('images with findings first, and others from all over the dataset', () => {
    expect(chosen([7, 80], 5)).toEqual([7, 80, 0, 20, 40]);
  });

  it('no more findings than fill half of it', () => {
    const ids = chosen(
      Array.from({ length: 50 }, (_, id) => id),
      8,
    );
    expect(ids.slice(0, 4)).toEqual([0, 12, 25, 37]);
    expect(ids.slice(4).every((id) => id >= 50)).toBe(true);
  });

  it('unlabeled images where labeled ones do not fill it, and each image once', () => {
    const ids = chosen([3], 90);
    expect(ids.slice(0, 60).every((id) => id < 60)).toBe(true);
    expect(new Set(ids).size).toBe(90);
    expect(chosen([], 500)).toHaveLength(100);
  });
});
