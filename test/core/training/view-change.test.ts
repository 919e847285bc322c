import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type HostArray, makeBatch } from '../../../src/core/data/batch.ts';
import { loadImageStore } from '../../../src/core/data/image-store.ts';
import {
  heatmapsIntoStrongView,
  insideImage,
  landmarksIntoStrongView,
  landmarksIntoWeakView,
  mapsIntoStrongView,
  readIntoStrongView,
  type ViewChange,
} from '../../../src/core/training/view-change.ts';
import { affine } from '../../../src/plugins/augmentations/affine.ts';
import { elastic } from '../../../src/plugins/augmentations/elastic.ts';
import { flip } from '../../../src/plugins/augmentations/flip.ts';
import { ENGINES } from '../../support/engines.ts';
import { dottedDataset, findDot } from '../data/dotted-dataset.ts';

const [WIDTH, HEIGHT, IMAGES, LANDMARKS] = [96, 64, 5, 5];
const STRONG = [
  flip.create({ probability: 0.5 }, {}),
  affine.create({ rotationDegrees: 20, logScale: 0.1, logAspect: 0.1, translation: 0.03, shear: 0.1 }, {}),
  elastic.create({ cells: 3, deviation: 0.04, probability: 1 }, {}),
];

describe.each(ENGINES)('what the teacher sees in the weak view, in the strong view, on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  it.each([0, 1, 2, 3])('lies where the strong image shows it (draw %i)', async (step) => {
    const { strong, change } = await views(step);
    const landmarks = tf.tensor3d(dottedLandmarks(), [IMAGES, LANDMARKS, 2]);
    const carried = (await landmarksIntoStrongView(landmarks, change).array()) as number[][][];
    strong.forEach(({ image, pixels }, slot) => {
      const { point, borderPx } = findDot(pixels, WIDTH, HEIGHT);
      if (borderPx < 10) return;
      const distances = carried[slot]!.map(([x, y]) =>
        Math.hypot((x! - point[0]) * WIDTH, (y! - point[1]) * HEIGHT),
      );
      const nearest = distances.indexOf(Math.min(...distances));
      expect(distances[nearest]).toBeLessThan(0.6);
      expect(nearest).toBe(change.mirrored[slot] ? MIRRORED[image] : image);
    });
  });

  it.each([0, 1, 2, 3])(
    'looks as the strong image does: maps and heatmaps move alike (draw %i)',
    async (step) => {
      const { weak, strong, change } = await views(step);
      const maps = tf.tensor4d(weak, [IMAGES, HEIGHT, WIDTH, 1]);
      const { maps: carried, valid } = mapsIntoStrongView(maps, change);
      expect([...new Set(valid.dataSync())].sort()).toEqual([0, 1]);
      const values = carried.dataSync() as Float32Array;
      const area = WIDTH * HEIGHT;
      strong.forEach(({ pixels }, slot) => {
        const expected = findDot(pixels, WIDTH, HEIGHT);
        if (expected.borderPx < 10) return;
        const found = findDot(values.subarray(slot * area, (slot + 1) * area), WIDTH, HEIGHT);
        expect(Math.abs(found.point[0] - expected.point[0]) * WIDTH).toBeLessThan(0.6);
        expect(Math.abs(found.point[1] - expected.point[1]) * HEIGHT).toBeLessThan(0.6);
      });
      const ofLandmark1 = tf.pad(maps, [
        [0, 0],
        [0, 0],
        [0, 0],
        [1, LANDMARKS - 2],
      ]) as tf.Tensor4D;
      const renamed = heatmapsIntoStrongView(ofLandmark1, change).maps;
      const channel = tf.argMax(tf.max(tf.abs(renamed), [1, 2]), 1).dataSync();
      expect([...channel]).toEqual(change.mirrored.map((mirrored) => (mirrored ? MIRRORED[1] : 1)));
    },
  );

  it.each([0, 1])('comes back from the strong view as it was (draw %i)', async (step) => {
    const { change } = await views(step);
    const landmarks = tf.tensor3d(dottedLandmarks(), [IMAGES, LANDMARKS, 2]);
    const back = landmarksIntoWeakView(landmarksIntoStrongView(landmarks, change), change);
    // Outside of the image a displacement is that of the nearest edge, which no step finds exactly.
    expect(tf.max(tf.abs(tf.sub(back, landmarks))).dataSync()[0]).toBeLessThan(2e-3);
  });

  it.each([0, 1])('is the same read as warped, and gives a gradient (draw %i)', async (step) => {
    const { weak, change } = await views(step);
    const maps = tf.tensor4d(weak, [IMAGES, HEIGHT, WIDTH, 1]);
    const [warped, seen] = [mapsIntoStrongView(maps, change), readIntoStrongView(maps, change)];
    const both = tf.mul(warped.valid, seen.valid);
    const { displacement: _bent, ...straight } = change;
    const difference = tf.sub(
      mapsIntoStrongView(maps, straight).maps,
      readIntoStrongView(maps, straight).maps,
    );
    const known = tf.mul(mapsIntoStrongView(maps, straight).valid, difference);
    expect(tf.max(tf.abs(known)).dataSync()[0]).toBeLessThan(1e-2);
    // Warped and then bent, a map is read between pixels twice, and a dot's edge is steep.
    const twice = tf.mean(tf.abs(tf.mul(both, tf.sub(warped.maps, seen.maps)))).dataSync()[0];
    expect(twice).toBeLessThan(0.05 * tf.mean(tf.abs(maps)).dataSync()[0]!);
    const gradient = tf.grad((m) => tf.sum(readIntoStrongView(m as tf.Tensor4D, change).maps))(maps);
    expect(tf.max(gradient).dataSync()[0]).toBeGreaterThan(0.5);
  });

  it('counts a point outside of the image as such', () => {
    const points = tf.tensor3d([0.5, 0.5, 0.5, 1.01, -0.01, 0.5, 0.01, 0.99], [1, 4, 2]);
    expect([...insideImage(points).dataSync()]).toEqual([1, 0, 0, 1]);
  });
});

/** Landmark i of a mirrored view of `dottedDataset` is this landmark of the image. */
const MIRRORED = [1, 0, 2, 4, 3];

function dottedLandmarks(): number[] {
  const { samples } = dottedDataset(WIDTH, HEIGHT);
  return samples.flatMap(({ landmarks }) =>
    landmarks.flatMap((point) => [(point![0] + 0.5) / WIDTH, (point![1] + 0.5) / HEIGHT]),
  );
}

async function views(step: number) {
  const dataset = dottedDataset(WIDTH, HEIGHT);
  const size = { width: WIDTH, height: HEIGHT };
  const store = await loadImageStore(dataset, dataset.samples, { size, fit: 'stretch', oversample: 1.5 });
  const images = [0, 1, 2, 3, 4];
  const plan = { seed: 3, stage: 'test', unlabeled: { images, batch: IMAGES }, donors: images };
  const { unlabeled } = makeBatch(store, plan, { weak: [], strong: STRONG }, step);
  const { weak, strong, weakToStrong, permutation, displacement, position } = unlabeled!;
  const determinant = (slot: number) => {
    const [a, b, , d, e] = weakToStrong.values.subarray(slot * 6, slot * 6 + 6);
    return a! * e! - b! * d!;
  };
  const change: ViewChange & { mirrored: boolean[] } = {
    weakToStrong: tensorOf(weakToStrong),
    permutation: tensorOf(permutation),
    displacement: tensorOf(displacement!),
    mirrored: images.map((slot) => determinant(slot) < 0),
  };
  const area = WIDTH * HEIGHT;
  return {
    weak: weak.values,
    change,
    strong: images.map((slot) => ({
      image: position.values[slot]!,
      pixels: strong.values.subarray(slot * area, (slot + 1) * area),
    })),
  };
}

function tensorOf<T extends tf.Tensor>({ values, shape }: HostArray): T {
  return tf.tensor(values, [...shape]) as T;
}
