import { expect, it } from 'vitest';
import type { Dataset } from '../../../src/core/data/dataset.ts';
import { transformPoint } from '../../../src/core/data/geometry.ts';
import { loadImageStore } from '../../../src/core/data/image-store.ts';
import { inFrame, spreadOf, testTimeViews } from '../../../src/core/experiment/test-time-views.ts';

const sample = { id: 'film', width: 120, height: 80, landmarks: [] };
const dataset: Dataset = {
  landmarkNames: [],
  mirrorPairs: [],
  edges: [],
  samples: [sample],
  read: async () => ({ width: 120, height: 80, pixels: new Float32Array(120 * 80).fill(0.5) }),
};
const store = await loadImageStore(dataset, [sample], {
  ...{ fit: 'pad', oversample: 1 },
  size: { width: 60, height: 40 },
});

it('a network that follows every motion of the image has no spread', () => {
  const truth = [0.3, 0.4, 0.7, 0.2] as const;
  const shapes = testTimeViews(store, 0, 8, 7).map((view) => {
    const seen = Float32Array.from([
      ...transformPoint(view.matrix, [truth[0], truth[1]]),
      ...transformPoint(view.matrix, [truth[2], truth[3]]),
    ]);
    const back = inFrame(view, seen);
    return [[back[0]!, back[1]!] as const, [back[2]!, back[3]!] as const];
  });
  expect(shapes).toHaveLength(9);
  for (const spread of spreadOf(shapes)) expect(spread).toBeLessThan(1e-6);
});

it('the first view is the image itself, the others are moved, and a seed gives the same ones again', () => {
  const matrices = () => testTimeViews(store, 0, 3, 7).map(({ matrix }) => matrix);
  const [plain, ...moved] = matrices();
  expect(plain).toEqual([1, 0, 0, 0, 1, 0]);
  expect(new Set(moved.map(String)).size).toBe(3);
  expect(matrices().slice(1)).toEqual(moved);
});

it('the spread is the root mean square distance to the mean', () => {
  const shapes = [[[0, 0]], [[6, 0]], [[0, 8]], [[6, 8]]] as const;
  expect(spreadOf(shapes)).toEqual([5]);
});
