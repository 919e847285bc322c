import { describe, expect, it } from 'vitest';
import {
  formatSplit,
  parseSplit,
  type Split,
  type SplitRequest,
  type SplitSample,
  splitSamples,
} from '../../../src/core/data/split.ts';
import { Random } from '../../../src/core/random.ts';

const SEEDS = Array.from({ length: 60 }, (_, seed) => seed);
const REQUEST: SplitRequest = { pool: null, labeled: 5, unlabeled: 'rest', validation: 4, test: 10 };

/** Up to three films a patient; some without landmarks, some with one landmark missing. */
function population(count: number): SplitSample[] {
  return Array.from({ length: count }, (_, k) => ({
    id: `film-${k}`,
    ...(k % 4 !== 0 && { patientId: `patient-${Math.floor(k / 3)}` }),
    split: k % 5 === 0 ? 'official' : 'train',
    landmarks:
      k % 7 === 0
        ? [null, null]
        : k % 11 === 0
          ? [[1, 1], null]
          : [
              [1, 1],
              [2, 2],
            ],
  }));
}

const patientOf = (id: string) => population(90).find((sample) => sample.id === id)!.patientId ?? id;

const partsOf = (split: Split) => [split.labeled, split.unlabeled, split.validation, split.test];

function expectSound(samples: readonly SplitSample[], split: Split): void {
  const byId = new Map(samples.map((sample) => [sample.id, sample]));
  const ids = partsOf(split).flat();
  expect(new Set(ids).size).toBe(ids.length);
  const patients = partsOf(split).map((part) => new Set(part.map((id) => byId.get(id)!.patientId ?? id)));
  const distinct = new Set(patients.flatMap((part) => [...part]));
  expect(distinct.size).toBe(patients.reduce((sum, part) => sum + part.size, 0));
  for (const id of [...split.labeled, ...split.validation, ...split.test]) {
    expect(byId.get(id)!.landmarks.some((point) => point !== null)).toBe(true);
  }
}

describe('a split', () => {
  const samples = population(90);

  it.each([
    ['all counts', REQUEST],
    ['a named test', { ...REQUEST, test: 'official' }],
    ['a pool and a named test', { ...REQUEST, pool: 'train', test: 'official' }],
    ['ids', { ...REQUEST, labeled: ['film-1', 'film-2'], test: ['film-31'] }],
    ['a count of unlabeled images', { ...REQUEST, unlabeled: 7 }],
    ['all labels', { ...REQUEST, labeled: 'rest' }],
  ] as [string, SplitRequest][])('never shares an image or a patient between parts: %s', (_, request) => {
    for (const seed of SEEDS) expectSound(samples, splitSamples(samples, request, seed));
  });

  it('labels every image with landmarks that validation and test leave, where asked to', () => {
    const { labeled, unlabeled, validation, test } = splitSamples(
      samples,
      { ...REQUEST, labeled: 'rest' },
      3,
    );
    expect([validation.length, test.length]).toEqual([4, 10]);
    const taken = new Set([...validation, ...test].map((id) => patientOf(id)));
    const left = samples.filter(({ id, landmarks }) => !taken.has(patientOf(id)) && landmarks.some(Boolean));
    expect([...labeled].sort()).toEqual(left.map(({ id }) => id).sort());
    expect(unlabeled.every((id) => !labeled.includes(id))).toBe(true);
  });

  it('does not depend on the order of the samples', () => {
    for (const seed of SEEDS.slice(0, 20)) {
      const shuffled = new Random('order', seed).shuffle(samples);
      expect(splitSamples(shuffled, REQUEST, seed)).toEqual(splitSamples(samples, REQUEST, seed));
    }
  });

  it('differs between seeds', () => {
    const labeled = SEEDS.map((seed) => splitSamples(samples, REQUEST, seed).labeled.join());
    expect(new Set(labeled).size).toBeGreaterThan(50);
  });

  it('keeps test and validation, and adds to the labeled images, when more are asked for', () => {
    for (const seed of SEEDS) {
      const few = splitSamples(samples, REQUEST, seed);
      const more = splitSamples(samples, { ...REQUEST, labeled: 9 }, seed);
      expect(more.test).toEqual(few.test);
      expect(more.validation).toEqual(few.validation);
      expect(more.labeled.slice(0, 5)).toEqual(few.labeled);
    }
  });

  it('takes completely labeled images for training before partly labeled ones', () => {
    const byId = new Map(samples.map((sample) => [sample.id, sample]));
    for (const seed of SEEDS) {
      for (const id of splitSamples(samples, REQUEST, seed).labeled) {
        expect(byId.get(id)!.landmarks).not.toContain(null);
      }
    }
  });

  it('never lets an image of the named test into training, labeled or not', () => {
    const split = splitSamples(samples, { ...REQUEST, test: 'official' }, 3);
    const official = new Set(samples.filter((s) => s.split === 'official').map((s) => s.id));
    for (const id of [...split.labeled, ...split.unlabeled, ...split.validation])
      expect(official.has(id)).toBe(false);
  });

  it('comes back from split.json as it was, and a damaged file is refused', () => {
    const split = splitSamples(samples, REQUEST, 1);
    expect(parseSplit(formatSplit(split))).toEqual(split);
    expect(() => parseSplit('{"labeled": 3}')).toThrow(/four lists/);
  });
});

describe('a split that cannot be made says why', () => {
  const samples = population(20);
  it.each([
    [
      'too few images',
      { test: 64 },
      /asks for 64 images with landmarks, and the dataset has 17 left .*20 images in all/,
    ],
    ['too few left', { labeled: 12 }, /asks for 12 .* left after \d+ validation and 10 test|left after/],
    ['an unknown id', { test: ['film-200'] }, /no image "film-200"/],
    ['an unknown part', { test: 'offical' }, /no part named "offical"/],
    ['an unknown pool', { pool: 'trian' }, /data\.split\.pool.*"trian"/],
    [
      'overlapping ids',
      { test: ['film-1'], labeled: ['film-1'] },
      /asked for in data\.split\.test and data\.split\.labeled/,
    ],
    ['one patient in two parts', { test: ['film-1'], labeled: ['film-2'] }, /patient patient-0/],
    ['an image without landmarks', { labeled: ['film-7'] }, /without landmarks: film-7/],
  ] as [string, Partial<SplitRequest>, RegExp][])('%s', (_, change, message) => {
    expect(() => splitSamples(samples, { ...REQUEST, ...change }, 1)).toThrow(message);
  });
});
