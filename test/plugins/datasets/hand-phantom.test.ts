import type { Static } from 'typebox';
import { describe, expect, it } from 'vitest';
import type { Dataset, GreyImage, Point, Sample } from '../../../src/core/data/dataset.ts';
import { handPhantom } from '../../../src/plugins/datasets/hand-phantom.ts';
import {
  between,
  greyAround,
  landmarksOf,
  meanDifference,
  meanShapeError,
  median,
  readAll,
  similarity,
} from '../../support/phantom-images.ts';
import { itIsReproducible } from '../../support/reproducible-phantom.ts';

const DEFAULTS: Static<typeof handPhantom.options> = {
  samples: 12,
  size: 128,
  seed: 0,
  shapeVariation: 1,
  poseVariation: 1,
  exposureVariation: 1,
  noise: 1,
  markings: true,
  side: 'left',
  youngestYears: 5,
  oldestYears: 18,
};

const GROWN_UP = { youngestYears: 22, oldestYears: 25 };
const YOUNG = { youngestYears: 6, oldestYears: 9 };

function phantom(options: Partial<typeof DEFAULTS> = {}): Dataset {
  return handPhantom.create({ ...DEFAULTS, ...options }, { baseDirectory: '.' }) as Dataset;
}

/** First landmark of each digit: the base of its metacarpal. */
const DIGITS = [
  [17, 18, 19, 20],
  [16, 21, 22, 23, 24],
  [15, 25, 26, 27, 28],
  [14, 29, 30, 31, 32],
  [13, 33, 34, 35, 36],
] as const;

const distance = ([x0, y0]: Point, [x1, y1]: Point): number => Math.hypot(x1 - x0, y1 - y0);

describe('hand-phantom reproducibility', () => {
  itIsReproducible(phantom);

  it('has half of the pixel spacing at twice the size', () => {
    const [small, large] = [phantom({ size: 128 }), phantom({ size: 256 })].map(
      ({ samples }) => samples[0] as Sample,
    ) as [Sample, Sample];
    expect(large.spacing?.xMm).toBeCloseTo((small.spacing?.xMm as number) / 2, 12);
  });
});

describe('hand-phantom landmarks', () => {
  const { samples, landmarkNames, edges } = phantom({ samples: 500, size: 256 });

  it('are 37, each with a name of its own, joined by edges into one graph', () => {
    expect(new Set(landmarkNames).size).toBe(37);
    const reached = new Set([0]);
    for (let pass = 0; pass < 37; pass++) {
      for (const [from, to] of edges) {
        if (reached.has(from)) reached.add(to);
        if (reached.has(to)) reached.add(from);
      }
    }
    expect(reached.size).toBe(37);
  });

  it('lie inside the film', () => {
    for (const sample of samples) {
      for (const [x, y] of landmarksOf(sample)) {
        expect(Math.min(x, y)).toBeGreaterThan(0);
        expect(Math.max(x, y)).toBeLessThan(255);
      }
    }
  });

  it('lead along each digit away from the wrist, joints in order', () => {
    for (const sample of samples) {
      const points = landmarksOf(sample);
      for (const digit of DIGITS) {
        const away = digit.map((landmark) => distance(points[7] as Point, points[landmark] as Point));
        expect(away).toEqual([...away].sort((a, b) => a - b));
      }
    }
  });

  it('are ordered across the hand: little finger on the image left, thumb on the right', () => {
    for (const sample of samples) {
      const points = landmarksOf(sample);
      const x = (landmark: number): number => (points[landmark] as Point)[0];
      for (const row of [
        [13, 14, 15, 16, 17],
        [33, 29, 25, 21, 18],
        [34, 30, 26, 22],
        [0, 2, 3, 4],
        [6, 7, 8],
        [9, 10, 11, 12],
      ]) {
        const across = row.map(x);
        expect(across).toEqual([...across].sort((a, b) => a - b));
      }
    }
  });

  it('keep the wrist between forearm and metacarpals', () => {
    for (const sample of samples) {
      const points = landmarksOf(sample);
      const y = (landmark: number): number => (points[landmark] as Point)[1];
      expect(y(5)).toBeLessThan(y(4));
      expect(y(1)).toBeLessThan(y(0));
      expect(y(7)).toBeLessThan(y(3));
      expect(y(10)).toBeLessThan(y(7));
      expect(y(15)).toBeLessThan(y(10));
    }
  });

  it('mirror with the side of the hand', () => {
    const [left, right] = [phantom(), phantom({ side: 'right' })];
    landmarksOf(left.samples[0] as Sample).forEach(([x, y], index) => {
      const [mirrored, same] = landmarksOf(right.samples[0] as Sample)[index] as Point;
      expect(mirrored).toBeCloseTo(127 - x, 9);
      expect(same).toBeCloseTo(y, 9);
    });
    const thumbIsRight = phantom({ side: 'either', samples: 40 }).samples.map((sample) => {
      const points = landmarksOf(sample);
      return (points[18] as Point)[0] > (points[33] as Point)[0];
    });
    expect(new Set(thumbIsRight).size).toBe(2);
  });

  it('vary enough to be worth learning: the mean shape errs by 4 to 8 % of the film', () => {
    const share = meanShapeError(samples) / 256;
    expect(share).toBeGreaterThan(0.04);
    expect(share).toBeLessThan(0.08);
  });

  it('do not vary when shape and pose variation are off', () => {
    const [first, ...others] = phantom({ shapeVariation: 0, poseVariation: 0 }).samples;
    for (const other of others) expect(other.landmarks).toEqual(first?.landmarks);
  });

  it('grow with age: the middle metacarpal is 38 to 56 mm at 6 to 9 years and 56 to 76 mm in adults', () => {
    const lengths = (options: Partial<typeof DEFAULTS>): number[] =>
      phantom({ ...options, samples: 200 }).samples.map((sample) => {
        const points = landmarksOf(sample);
        return distance(points[15] as Point, points[25] as Point) * (sample.spacing?.xMm as number);
      });
    expect(Math.min(...lengths(YOUNG))).toBeGreaterThan(38);
    expect(Math.max(...lengths(YOUNG))).toBeLessThan(60);
    expect(Math.min(...lengths(GROWN_UP))).toBeGreaterThan(54);
    expect(Math.max(...lengths(GROWN_UP))).toBeLessThan(78);
  });

  it('are refused when the ages are the wrong way round', () => {
    expect(() => phantom({ youngestYears: 12, oldestYears: 8 })).toThrow(/youngestYears \(12\)/);
  });
});

describe('hand-phantom pixels', () => {
  const CLEAN = { size: 384, samples: 7, markings: false, noise: 0 };

  it('are finite greys in [0, 1]', async () => {
    for (const { pixels } of await readAll(phantom({ samples: 4, size: 96 }))) {
      expect(pixels.every((grey) => grey >= 0 && grey <= 1)).toBe(true);
    }
  });

  it('show each joint as a gap between two bones', async () => {
    const dataset = phantom({ ...CLEAN, ...GROWN_UP });
    const images = await readAll(dataset);
    for (const digit of DIGITS) {
      for (let joint = 1; joint < digit.length - 1; joint++) {
        const [before, here, after] = [digit[joint - 1], digit[joint], digit[joint + 1]] as [
          number,
          number,
          number,
        ];
        const depths = dataset.samples.map((sample, i) => {
          const points = landmarksOf(sample);
          const mm = 1 / (sample.spacing?.xMm as number);
          const at = points[here] as Point;
          const towards = (landmark: number): number => {
            const other = points[landmark] as Point;
            return greyAround(images[i] as GreyImage, between(at, other, (3 * mm) / distance(at, other)), 1);
          };
          return Math.min(towards(before), towards(after)) - greyAround(images[i] as GreyImage, at, 0.7);
        });
        expect(median(depths), `landmark ${here}`).toBeGreaterThan(0.03);
      }
    }
  });

  it('show bone up to each fingertip landmark, flesh beyond it, and then air', async () => {
    const dataset = phantom({ ...CLEAN, ...GROWN_UP });
    const images = await readAll(dataset);
    for (const digit of DIGITS) {
      const [before, tip] = digit.slice(-2) as [number, number];
      const steps = dataset.samples.map((sample, i) => {
        const points = landmarksOf(sample);
        const mm = 1 / (sample.spacing?.xMm as number);
        const [joint, end] = [points[before] as Point, points[tip] as Point];
        const grey = (beyondMm: number): number =>
          greyAround(
            images[i] as GreyImage,
            between(joint, end, 1 + (beyondMm * mm) / distance(joint, end)),
            1,
          );
        return [grey(-2.5) - grey(1.5), grey(1.5) - grey(7)] as const;
      });
      expect(median(steps.map(([bone]) => bone)), `landmark ${tip}`).toBeGreaterThan(0.04);
      expect(median(steps.map(([, flesh]) => flesh)), `landmark ${tip}`).toBeGreaterThan(0.04);
    }
  });

  it('show the wrist bones of a child above their landmarks, and cartilage below', async () => {
    const dataset = phantom({ ...CLEAN, ...YOUNG, poseVariation: 0 });
    const images = await readAll(dataset);
    for (const landmark of [6, 7, 8, 9, 10, 11, 12]) {
      const differences = dataset.samples.map((sample, i) => {
        const [x, y] = landmarksOf(sample)[landmark] as Point;
        const mm = 1 / (sample.spacing?.xMm as number);
        const grey = (downMm: number): number => greyAround(images[i] as GreyImage, [x, y + downMm * mm], 1);
        return grey(-2.5) - grey(1);
      });
      expect(median(differences), `landmark ${landmark}`).toBeGreaterThan(0.03);
    }
  });

  it('show growth plates in children, and none in adults', async () => {
    const dips = async (options: Partial<typeof DEFAULTS>): Promise<number[]> => {
      const dataset = phantom({ ...CLEAN, ...options });
      const images = await readAll(dataset);
      return dataset.samples.map((sample, i) => {
        const points = landmarksOf(sample);
        const [base, head] = [points[25] as Point, points[26] as Point];
        const shares = Array.from({ length: 24 }, (_, step) => 0.06 + 0.008 * step);
        const greys = shares.map((share) =>
          greyAround(images[i] as GreyImage, between(base, head, share), 1),
        );
        const lowest = greys.indexOf(Math.min(...greys.slice(2, -2)));
        const sides = [greys.slice(0, lowest), greys.slice(lowest + 1)].map((side) => Math.max(0, ...side));
        return Math.min(...sides) - (greys[lowest] as number);
      });
    };
    expect(median(await dips(YOUNG))).toBeGreaterThan(0.06);
    expect(median(await dips(GROWN_UP))).toBeLessThan(0.03);
  });

  it('move with the landmarks: undoing the pose by the landmarks gives the unposed picture', async () => {
    const still = { ...CLEAN, size: 192, samples: 4, shapeVariation: 0, exposureVariation: 0 };
    const [unposed, posed] = [phantom({ ...still, poseVariation: 0 }), phantom(still)];
    const [before, after] = [await readAll(unposed), await readAll(posed)];
    const moved = posed.samples.map((sample, i) => {
      const ends = (of: Sample): [Point, Point] => [
        landmarksOf(of)[28] as Point,
        landmarksOf(of)[4] as Point,
      ];
      const toPosed = similarity(ends(unposed.samples[i] as Sample), ends(sample));
      return meanDifference(before[i] as GreyImage, after[i] as GreyImage, toPosed);
    });
    const unmoved = before.map((image, i) => meanDifference(image, after[i] as GreyImage, (point) => point));
    expect(Math.max(...moved)).toBeLessThan(0.02);
    expect(median(unmoved)).toBeGreaterThan(0.05);
  });
});
