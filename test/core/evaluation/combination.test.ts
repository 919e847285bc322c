import { describe, expect, it } from 'vitest';
import { combinePredictions, combineShapes } from '../../../src/core/evaluation/combination.ts';

const shapes = [[[0, 10]], [[1, 20]], [[100, 0]]] as const;

describe('answers of several networks', () => {
  it('are averaged landmark by landmark', () => {
    expect(combineShapes(shapes, 'mean')).toEqual([[101 / 3, 10]]);
  });

  it('do not follow a single one that is far off when the median is taken', () => {
    expect(combineShapes(shapes, 'median')).toEqual([[1, 10]]);
    expect(combineShapes(shapes.slice(0, 2), 'median')).toEqual([[0.5, 15]]);
  });

  it.each(['mean', 'median'] as const)('show that one network diverged: %s', (combination) => {
    const [point] = combineShapes([...shapes, [[Number.NaN, 0]]], combination);
    expect(point![0]).toBeNaN();
  });

  it('keep what is known of the image', () => {
    const image = { id: 'film', width: 9, height: 9, truth: [[3, 3]] as const };
    const sets = shapes.map((landmarks) => [{ ...image, landmarks }]);
    expect(combinePredictions(sets, 'median')).toEqual([{ ...image, landmarks: [[1, 10]] }]);
  });
});
