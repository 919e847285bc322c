import { describe, expect, it } from 'vitest';
import type { GreyImage, Point, Sample } from '../../../../src/core/data/dataset.ts';
import {
  findDuplicates,
  findFaultyImages,
  pixelFacts,
} from '../../../../src/core/data/inspection/image-checks.ts';
import { findCoinciding, findOutside } from '../../../../src/core/data/inspection/landmark-checks.ts';
import { landmarkStatistics } from '../../../../src/core/data/inspection/landmark-statistics.ts';
import { findUnusualShapes, shapeStatistics } from '../../../../src/core/data/inspection/unusual-shapes.ts';
import { chests, MIRROR_PAIRS, NAMES } from './shapes.ts';

/** The same samples, with the landmarks of one changed. */
function changed(
  samples: readonly Sample[],
  index: number,
  change: (landmarks: Sample['landmarks']) => Sample['landmarks'],
) {
  return samples.map((sample, k) =>
    k === index ? { ...sample, landmarks: change(sample.landmarks) } : sample,
  );
}

const unusual = (samples: readonly Sample[]) =>
  findUnusualShapes({ landmarkNames: NAMES, mirrorPairs: MIRROR_PAIRS }, shapeStatistics(samples));

describe('unusual shapes', () => {
  const samples = chests(60);

  it('are none among shapes that vary as they do, however they are turned', () => {
    expect(unusual(samples)).toEqual([]);
  });

  it('are found where left and right are exchanged', () => {
    const [finding, ...others] = unusual(
      changed(samples, 7, ([a, b, c, d, e, f]) => [d!, e!, f!, a!, b!, c!]),
    );
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ samples: ['chest-7'], severity: 'suspicion', kind: 'unusual-shape' });
    expect(finding!.message).toContain('left and right seem to be exchanged');
  });

  it('are found where two landmarks are exchanged, which are named', () => {
    const found = unusual(changed(samples, 3, ([a, b, c, ...rest]) => [a!, c!, b!, ...rest]));
    expect(found.map((finding) => finding.samples)).toEqual([['chest-3']]);
    expect(found[0]!.message).toContain('"right angle" and "right heart" seem to be exchanged');
  });

  it('are found where one landmark is misplaced, which is named', () => {
    const found = unusual(
      changed(samples, 5, (points) => points.with(4, [points[4]![0], points[4]![1] - 60])),
    );
    expect(found.map((finding) => finding.samples)).toEqual([['chest-5']]);
    expect(found[0]!.message).toMatch(/"left angle" is \d+\.\d times as far from where the others say/);
  });

  it('are measured in mm where pixels are not square', () => {
    const squeezed = samples.map((sample, index): Sample => {
      if (index % 2 === 0) return { ...sample, spacing: { xMm: 1, yMm: 1 } };
      const landmarks = sample.landmarks.map((point): Point => [point![0] / 2, point![1]]);
      return { ...sample, landmarks, spacing: { xMm: 2, yMm: 1 } };
    });
    expect(unusual(squeezed)).toEqual([]);
  });

  it('are not looked for among a handful of shapes, or shapes of two landmarks', () => {
    expect(unusual(changed(samples.slice(0, 6), 0, (points) => [...points].reverse()))).toEqual([]);
    const pairs = samples.map((sample) => ({
      ...sample,
      landmarks: [...sample.landmarks.slice(0, 2), null, null, null, null],
    }));
    expect(unusual(pairs)).toEqual([]);
  });
});

describe('landmarks', () => {
  const data = (samples: readonly Sample[]) => ({ landmarkNames: NAMES, samples });

  it('outside their image are errors; half a pixel beyond the last centre is inside', () => {
    const samples = changed(chests(2), 1, (points) => [[199.5, -0.5], [199.6, 3], ...points.slice(2)]);
    expect(findOutside(data(samples))).toEqual([
      {
        severity: 'error',
        kind: 'outside-image',
        samples: ['chest-1'],
        message: '"right angle" at (199.6, 3) lies outside the image (200 x 200)',
      },
    ]);
  });

  it('at one place, or much nearer than usual, are suspected; those that are always near are not', () => {
    const near = chests(9).map((sample) => ({
      ...sample,
      landmarks: sample.landmarks.with(1, [sample.landmarks[0]![0] + 3, sample.landmarks[0]![1]]),
    }));
    expect(findCoinciding(data(near))).toEqual([]);
    const samples = changed(near, 4, (points) => points.with(5, [points[2]![0] + 1, points[2]![1]]));
    const [finding, ...others] = findCoinciding(data(samples));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ samples: ['chest-4'], kind: 'coinciding-landmarks' });
    expect(finding!.message).toMatch(/"right heart" and "left heart" are 1\.0 px apart/);
    const two = changed(chests(2), 0, (points) => points.with(1, points[0]!));
    expect(findCoinciding(data(two)).map((one) => one.samples)).toEqual([['chest-0']]);
  });

  it('are counted, and their spread measured with and without position, size and rotation', () => {
    const samples = [
      ...changed(chests(40), 0, (points) => points.with(2, null)),
      { id: 'unlabeled', width: 200, height: 200, landmarks: NAMES.map(() => null) },
    ];
    const statistics = landmarkStatistics(data(samples), shapeStatistics(samples));
    expect(statistics[2]).toMatchObject({ name: 'right heart', labeled: 39, missing: 1 });
    expect(statistics[0]).toMatchObject({ labeled: 40, missing: 0 });
    const { mean, spread, shapeSpread } = statistics[0]!;
    expect(mean!.x).toBeCloseTo(0.3, 1);
    expect(mean!.y).toBeCloseTo(0.2, 1);
    const diagonal = Math.hypot(200, 200);
    // 2 px of noise along x and along y, of which the alignment takes a part; the poses move it by several more.
    expect(shapeSpread! * diagonal).toBeGreaterThan(1.5);
    expect(shapeSpread! * diagonal).toBeLessThan(3.5);
    expect(spread! * diagonal).toBeGreaterThan(8);
  });

  it('that nothing labels have no statistics', () => {
    const samples = [{ id: 'a', width: 9, height: 9, landmarks: NAMES.map(() => null) }];
    const [first] = landmarkStatistics(data(samples), shapeStatistics(samples));
    expect(first).toEqual({
      name: 'right apex',
      labeled: 0,
      missing: 0,
      mean: null,
      spread: null,
      shapeSpread: null,
    });
  });
});

describe('images', () => {
  const image = (value: (k: number) => number, width = 20): GreyImage => ({
    width,
    height: 200 / width,
    pixels: Float32Array.from({ length: 200 }, (_, k) => value(k)),
  });
  const ramp = image((k) => k / 200);
  const sample = (id: string, more: Partial<Sample> = {}): Sample => ({
    id,
    width: 20,
    height: 10,
    landmarks: [],
    ...more,
  });

  it.each([
    ['constant', image(() => 0.4), 'constant-image', 'error'],
    ['nearly black', image((k) => (k === 0 ? 1 : 0.05)), 'dark-image', 'suspicion'],
    ['of another size', image((k) => k / 200, 10), 'image-size', 'error'],
  ])('that are %s are found', (_, picture, kind, severity) => {
    const found = findFaultyImages([sample('a')], [pixelFacts('a', picture)]);
    expect(found.map((finding) => [finding.samples, finding.kind, finding.severity])).toEqual([
      [['a'], kind, severity],
    ]);
  });

  it('of 12 bits in a file of 16 are not dark: they are seen with their range spread', () => {
    const faint = image((k) => (k / 200) * (4095 / 65535));
    expect(findFaultyImages([sample('a')], [pixelFacts('a', faint)])).toEqual([]);
  });

  const facts = ['a', 'b', 'c'].map((id) => pixelFacts(id, id === 'c' ? image((k) => 1 - k / 200) : ramp));

  it('with the same pixels are suspected, and those of another shape are others', () => {
    const samples = ['a', 'b', 'c'].map((id) => sample(id));
    expect(findDuplicates(samples, facts, null)).toEqual([
      {
        severity: 'suspicion',
        kind: 'duplicate-images',
        samples: ['a', 'b'],
        message: '2 images with the same pixels',
      },
    ]);
    expect(pixelFacts('d', { ...ramp, width: 10, height: 20 }).hash).not.toBe(facts[0]!.hash);
  });

  it('with the same pixels are an error where they lie in two parts of the dataset', () => {
    const samples = [sample('a', { split: 'train' }), sample('b', { split: 'test' }), sample('c')];
    const [finding] = findDuplicates(samples, facts, null);
    expect(finding).toMatchObject({ severity: 'error' });
    expect(finding!.message).toContain("in the dataset's parts test and train: what is measured there");
  });

  it('with the same pixels are an error where the recipe trains on one and tests on the other', () => {
    const samples = ['a', 'b', 'c'].map((id) => sample(id));
    const uses = { labeled: ['a'], unlabeled: ['c'], validation: [], test: ['b'] };
    expect(findDuplicates(samples, facts, uses)[0]!.message).toContain(
      "in the recipe's labeled and test images",
    );
    const training = { labeled: ['a'], unlabeled: ['b'], validation: [], test: ['c'] };
    expect(findDuplicates(samples, facts, training)[0]).toMatchObject({ severity: 'suspicion' });
  });
});
