import { expect, it } from 'vitest';
import type { Dataset } from '../../../src/core/data/dataset.ts';
import { transformPoint } from '../../../src/core/data/geometry.ts';
import { loadImageStore } from '../../../src/core/data/image-store.ts';
import {
  inFrame,
  refuseUnpairedFlip,
  spreadOf,
  testTimeViews,
} from '../../../src/core/experiment/test-time-views.ts';

const sample = { id: 'film', width: 120, height: 80, landmarks: [null, null] };
const dataset: Dataset = {
  landmarkNames: ['right', 'left'],
  mirrorPairs: [[0, 1]],
  edges: [],
  samples: [sample],
  read: async () => ({ width: 120, height: 80, pixels: new Float32Array(120 * 80).fill(0.5) }),
};
const store = await loadImageStore(dataset, [sample], {
  ...{ fit: 'pad', oversample: 1 },
  size: { width: 60, height: 40 },
});

const plan = (views: number, flip = false) => ({ views, flip, seed: 7 });

it('a network that follows every motion of the image, and its mirror image, has no spread', () => {
  const truth = [
    [0.3, 0.4],
    [0.7, 0.2],
  ] as const;
  const shapes = testTimeViews(store, 0, plan(8, true)).map((view) => {
    // What lies left in the mirrored view is called left there.
    const named = view.mirrored ? [truth[1], truth[0]] : truth;
    const seen = Float32Array.from(named.flatMap((point) => transformPoint(view.matrix, point)));
    const back = inFrame(view, seen, store.mirrored);
    return [[back[0]!, back[1]!] as const, [back[2]!, back[3]!] as const];
  });
  expect(shapes).toHaveLength(10);
  for (const spread of spreadOf(shapes)) expect(spread).toBeLessThan(1e-6);
});

it('the first view is the image itself, the others are moved, and a seed gives the same ones again', () => {
  const matrices = () => testTimeViews(store, 0, plan(3)).map(({ matrix }) => matrix);
  const [plain, ...moved] = matrices();
  expect(plain).toEqual([1, 0, 0, 0, 1, 0]);
  expect(new Set(moved.map(String)).size).toBe(3);
  expect(matrices().slice(1)).toEqual(moved);
});

it('the mirrored view does not change the moved ones', () => {
  const matrices = (flip: boolean) => testTimeViews(store, 0, plan(2, flip)).map(({ matrix }) => matrix);
  expect(matrices(true).slice(0, 3)).toEqual(matrices(false));
  expect(matrices(true)[3]).toEqual([-1, 0, 1, 0, 1, 0]);
});

it('a mirror image is refused where the dataset has no left and right', () => {
  expect(() => refuseUnpairedFlip(true, { mirrorPairs: [] })).toThrow(/pairs no left landmark/);
  refuseUnpairedFlip(false, { mirrorPairs: [] });
  refuseUnpairedFlip(true, dataset);
});

it('the spread is the root mean square distance to the mean', () => {
  const shapes = [[[0, 0]], [[6, 0]], [[0, 8]], [[6, 8]]] as const;
  expect(spreadOf(shapes)).toEqual([5]);
});
