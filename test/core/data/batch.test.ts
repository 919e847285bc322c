import { describe, expect, it } from 'vitest';
import { plainView } from '../../../src/core/data/augment.ts';
import type { Augmentation } from '../../../src/core/data/augmentation.ts';
import { type BatchPlan, type HostArray, makeBatch } from '../../../src/core/data/batch.ts';
import type { Dataset } from '../../../src/core/data/dataset.ts';
import { transformPoint } from '../../../src/core/data/geometry.ts';
import { type ImageStore, loadImageStore } from '../../../src/core/data/image-store.ts';
import { affine } from '../../../src/plugins/augmentations/affine.ts';
import { elastic } from '../../../src/plugins/augmentations/elastic.ts';
import { flip } from '../../../src/plugins/augmentations/flip.ts';
import { noise } from '../../../src/plugins/augmentations/noise.ts';
import { dottedDataset, findDot } from './dotted-dataset.ts';

const SIZES = [
  { width: 96, height: 96 },
  { width: 80, height: 120 },
  { width: 128, height: 72 },
];
const GEOMETRY: Augmentation[] = [
  flip.create({ probability: 0.5 }, {}),
  affine.create({ rotationDegrees: 40, logScale: 0.2, logAspect: 0.1, translation: 0.05, shear: 0.15 }, {}),
];
const BEND = elastic.create({ cells: 3, deviation: 0.05, probability: 1 }, {});
const BORDER_PX = 12;

const storeOf = (dataset: Dataset, size = SIZES[0]!, fit: 'pad' | 'stretch' = 'pad', oversample = 1.5) =>
  loadImageStore(dataset, dataset.samples, { size, fit, oversample });

function plan(images: number[], seed = 1, batch = 1): BatchPlan {
  return { seed, stage: 'test', labeled: { images, batch }, unlabeled: { images, batch }, donors: images };
}

const row = ({ shape, values }: HostArray, index: number) => {
  const length = shape.slice(1).reduce((a, b) => a * b, 1);
  return values.subarray(index * length, (index + 1) * length);
};

const distancePx = (
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { width, height }: { width: number; height: number },
) => Math.hypot((a[0]! - b[0]!) * width, (a[1]! - b[1]!) * height);

describe.each(SIZES)('augmented views of $width x $height', (size) => {
  it.each([
    ['pad', GEOMETRY],
    ['stretch', GEOMETRY],
    ['pad', [...GEOMETRY, BEND]],
  ] as const)('show each landmark where the batch says it is (%s, %#)', async (fit, pipeline) => {
    const store = await storeOf(dottedDataset(110, 150), size, fit);
    let checked = 0;
    for (let seed = 0; seed < 30; seed++) {
      const dot = seed % 5;
      const { labeled } = makeBatch(store, plan([dot], seed), { weak: [], strong: pipeline }, 0);
      const found = findDot(labeled!.images.values, size.width, size.height);
      if (found.borderPx < BORDER_PX) continue;
      const places = Array.from({ length: 5 }, (_, k) =>
        labeled!.landmarks.values.subarray(2 * k, 2 * k + 2),
      );
      const errors = places.map((place) => distancePx(place, found.point, size));
      const nearest = errors.indexOf(Math.min(...errors));
      expect(errors[nearest]).toBeLessThan(0.5);
      expect([dot, store.mirrored[dot]]).toContain(nearest);
      checked++;
    }
    expect(checked).toBeGreaterThan(12);
  });

  it('are related by weakToStrong and permutation as their pixels are', async () => {
    const store = await storeOf(dottedDataset(110, 150), size);
    const mirrorings = new Set<boolean>();
    for (let seed = 0; seed < 30; seed++) {
      const { unlabeled } = makeBatch(store, plan([seed % 5], seed), { weak: GEOMETRY, strong: GEOMETRY }, 3);
      const [a, b, c, d, e, f] = unlabeled!.weakToStrong.values as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      const weak = findDot(unlabeled!.weak.values, size.width, size.height);
      const strong = findDot(unlabeled!.strong.values, size.width, size.height);
      const mirrored = a * e - b * d < 0;
      mirrorings.add(mirrored);
      for (let landmark = 0; landmark < 5; landmark++) {
        const source = mirrored ? store.mirrored[landmark]! : landmark;
        const expected = Array.from({ length: 5 }, (_, k) => (k === source ? 1 : 0));
        expect([...unlabeled!.permutation.values.subarray(landmark * 5, landmark * 5 + 5)]).toEqual(expected);
      }
      if (Math.min(weak.borderPx, strong.borderPx) < BORDER_PX) continue;
      expect(distancePx(transformPoint([a, b, c, d, e, f], weak.point), strong.point, size)).toBeLessThan(
        0.5,
      );
    }
    expect(mirrorings.size).toBe(2);
  });
});

it('a flip gives each landmark of a pair the place of the other', async () => {
  const store = await storeOf(dottedDataset(96, 96));
  const always = [flip.create({ probability: 1 }, {})];
  const { labeled } = makeBatch(store, plan([0]), { weak: [], strong: always }, 0);
  // The dot of landmark 0 ("right top") is at the place that the mirrored view calls landmark 1 ("left top").
  const found = findDot(labeled!.images.values, 96, 96);
  expect(distancePx(labeled!.landmarks.values.subarray(2, 4), found.point, SIZES[0]!)).toBeLessThan(0.5);
});

it('a rotation stays rigid in pixels when the view is not square', async () => {
  const size = { width: 60, height: 120 };
  const store = await storeOf(dottedDataset(60, 120), size);
  const turn = [
    affine.create({ rotationDegrees: 90, logScale: 0, logAspect: 0, translation: 0, shear: 0 }, {}),
  ];
  const { labeled } = makeBatch(store, plan([0]), { weak: [], strong: turn }, 0);
  const pixel = (values: Float32Array, k: number) => [values[2 * k]! * 60, values[2 * k + 1]! * 120];
  const before = store.landmarks;
  for (let k = 1; k < 5; k++) {
    const length = (v: Float32Array) =>
      Math.hypot(pixel(v, k)[0]! - pixel(v, 0)[0]!, pixel(v, k)[1]! - pixel(v, 0)[1]!);
    expect(length(labeled!.landmarks.values)).toBeCloseTo(length(before), 3);
  }
});

it('missing landmarks are masked, also in a mirrored view', async () => {
  const whole = dottedDataset(96, 96);
  const samples = whole.samples.map((s) => ({
    ...s,
    landmarks: s.landmarks.map((p, k) => (k === 0 ? null : p)),
  }));
  const store = await storeOf({ ...whole, samples });
  const present = (augmentations: Augmentation[]) => [
    ...makeBatch(store, plan([0]), { weak: [], strong: augmentations }, 0).labeled!.present.values,
  ];
  expect(present([])).toEqual([0, 1, 1, 1, 1]);
  expect(present([flip.create({ probability: 1 }, {})])).toEqual([1, 0, 1, 1, 1]);
});

describe('the batch of a step', () => {
  const pipelines = { weak: [], strong: [...GEOMETRY, noise.create({ deviation: 0.03 }, {})] };
  let store: ImageStore;

  it('is the same each time it is made, and differs between steps, stages and seeds', async () => {
    store = await storeOf(dottedDataset(64, 64), { width: 32, height: 32 });
    const all = [0, 1, 2, 3, 4];
    const first = makeBatch(store, plan(all, 1, 4), pipelines, 7);
    expect(makeBatch(store, plan(all, 1, 4), pipelines, 7)).toEqual(first);
    const others = [
      makeBatch(store, plan(all, 1, 4), pipelines, 8),
      makeBatch(store, plan(all, 2, 4), pipelines, 7),
      makeBatch(store, { ...plan(all, 1, 4), stage: 'other' }, pipelines, 7),
    ];
    for (const other of others)
      expect(other.labeled!.images.values).not.toEqual(first.labeled!.images.values);
  });

  it('takes every unlabeled image once an epoch', () => {
    const batches = [0, 1, 2, 3, 4].map((step) =>
      makeBatch(store, plan([0, 1, 2, 3, 4], 1, 3), pipelines, step),
    );
    const views = batches.flatMap(({ unlabeled }) =>
      [0, 1, 2].map((slot) => String(row(unlabeled!.weak, slot))),
    );
    for (let epoch = 0; epoch < 3; epoch++)
      expect(new Set(views.slice(epoch * 5, epoch * 5 + 5)).size).toBe(5);
  });

  it('takes the same images whichever steps were made before it', () => {
    const taken = (drawn: BatchPlan, step: number) =>
      [...makeBatch(store, drawn, { weak: [], strong: [] }, step).unlabeled!.position.values].join(' ');
    const one = plan([0, 1, 2, 3, 4], 1, 3);
    const alone = [0, 1, 2, 3, 4, 5].map((step) => taken({ ...one }, step));
    for (const order of [
      [0, 1, 2, 3, 4, 5],
      [5, 0, 4, 2, 3, 1],
    ])
      for (const step of order) expect(taken(one, step)).toBe(alone[step]);
  });

  it('gives the teacher the plain image when the weak pipeline is empty', () => {
    const { unlabeled } = makeBatch(store, plan([2]), pipelines, 0);
    expect(unlabeled!.weak.values).toEqual(plainView(store, 2).pixels);
  });

  it('is refused with a reason when a strategy wants unlabeled images and there are none', () => {
    const empty = { ...plan([0]), unlabeled: { images: [], batch: 2 } };
    expect(() => makeBatch(store, empty, pipelines, 0)).toThrow(/stage "test" uses unlabeled images/);
  });
});

it('views are standardised', async () => {
  const store = await storeOf(dottedDataset(96, 96));
  const view = plainView(store, 1).pixels;
  const mean = view.reduce((a, b) => a + b) / view.length;
  const deviation = Math.sqrt(view.reduce((a, b) => a + (b - mean) ** 2, 0) / view.length);
  expect(mean).toBeCloseTo(0, 4);
  expect(deviation).toBeGreaterThan(0.97);
  expect(deviation).toBeLessThanOrEqual(1);
});
