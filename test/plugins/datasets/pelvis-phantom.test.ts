import type { Static } from 'typebox';
import { describe, expect, it } from 'vitest';
import type { Dataset, GreyImage, Point } from '../../../src/core/data/dataset.ts';
import { pelvisPhantom } from '../../../src/plugins/datasets/pelvis-phantom.ts';
import { greyAround, landmarksOf, meanShapeError, median, readAll } from '../../support/phantom-images.ts';
import { itIsReproducible } from '../../support/reproducible-phantom.ts';

const DEFAULTS: Static<typeof pelvisPhantom.options> = {
  samples: 12,
  size: 128,
  seed: 0,
  shapeVariation: 1,
  poseVariation: 1,
  exposureVariation: 1,
  noise: 1,
  markings: true,
};

function phantom(options: Partial<typeof DEFAULTS> = {}): Dataset {
  return pelvisPhantom.create({ ...DEFAULTS, ...options }, { baseDirectory: '.' }) as Dataset;
}

/** Landmarks of the right side; those of the left follow in the same order, then the midline's. */
const CREST = 0;
const ASIS = 1;
const ROOF = 2;
const HEAD = 3;
const GREATER = 4;
const LESSER = 5;
const TEARDROP = 6;
const TUBEROSITY = 7;
const FORAMEN = 8;
const SACROILIAC = 9;
const LEFT = 10;
const [PROMONTORY, SYMPHYSIS_TOP, SYMPHYSIS_BOTTOM] = [20, 21, 22];

describe('pelvis-phantom reproducibility', () => {
  itIsReproducible(phantom);
});

describe('pelvis-phantom landmarks', () => {
  const { samples, landmarkNames, mirrorPairs } = phantom({ samples: 500, size: 256 });

  it('have names of their own, and each right one is paired with its left one', () => {
    expect(new Set(landmarkNames).size).toBe(23);
    for (const [right, left] of mirrorPairs) {
      expect(landmarkNames[left]).toBe(landmarkNames[right]?.replace('right', 'left'));
    }
    expect(mirrorPairs.length).toBe(10);
  });

  it('lie inside the film', () => {
    for (const sample of samples) {
      for (const [x, y] of landmarksOf(sample)) {
        expect(Math.min(x, y)).toBeGreaterThan(0);
        expect(Math.max(x, y)).toBeLessThan(255);
      }
    }
  });

  it('are ordered from crest to tuberosity, and from the midline outwards, right on the image left', () => {
    for (const sample of samples) {
      const points = landmarksOf(sample);
      for (const [first, side] of [
        [0, -1],
        [LEFT, 1],
      ] as const) {
        const down = [CREST, ASIS, ROOF, HEAD, TEARDROP, FORAMEN, TUBEROSITY].map(
          (landmark) => (points[first + landmark] as Point)[1],
        );
        expect(down).toEqual([...down].sort((a, b) => a - b));
        const out = [FORAMEN, TEARDROP, HEAD, ROOF, GREATER].map(
          (landmark) => side * (points[first + landmark] as Point)[0],
        );
        expect(out).toEqual([...out].sort((a, b) => a - b));
        expect((points[first + LESSER] as Point)[1]).toBeGreaterThan((points[first + GREATER] as Point)[1]);
      }
      const midline = [PROMONTORY, SYMPHYSIS_TOP, SYMPHYSIS_BOTTOM].map(
        (landmark) => (points[landmark as number] as Point)[1],
      );
      expect(midline).toEqual([...midline].sort((a, b) => a - b));
    }
  });

  it('vary enough to be worth learning: the mean shape errs by 12 to 20 mm', () => {
    const errorMm = meanShapeError(samples) * (430 / 256);
    expect(errorMm).toBeGreaterThan(12);
    expect(errorMm).toBeLessThan(20);
  });

  it('do not vary when shape and pose variation are off', () => {
    const [first, second] = phantom({ shapeVariation: 0, poseVariation: 0, samples: 2 }).samples;
    expect(second?.landmarks).toEqual(first?.landmarks);
  });

  it('move apart as a pelvis does when it tilts: the symphysis against the sacrum', () => {
    const heights = phantom({ shapeVariation: 0, samples: 60, size: 256 }).samples.map((sample) => {
      const points = landmarksOf(sample);
      return (points[SYMPHYSIS_TOP as number] as Point)[1] - (points[PROMONTORY as number] as Point)[1];
    });
    expect(Math.max(...heights) - Math.min(...heights)).toBeGreaterThan(4);
  });
});

describe('pelvis-phantom pixels', () => {
  it('are finite greys in [0, 1]', async () => {
    for (const { pixels } of await readAll(phantom({ samples: 4, size: 96 }))) {
      expect(pixels.every((grey) => grey >= 0 && grey <= 1)).toBe(true);
    }
  });

  it('show the landmarks: each lies between what is bright and what is darker', async () => {
    const dataset = phantom({ samples: 11, size: 256, markings: false, noise: 0 });
    const images = await readAll(dataset);
    // From the landmark to bone, and to what is darker (pixels of 1.68 mm): outwards, downwards.
    const steps: readonly (readonly [landmark: number, bone: Point, darker: Point])[] = [
      [CREST, [0, 3], [0, -5]],
      [ASIS, [-3, -3], [5, 2]],
      [ROOF, [-3, -3], [7, -5]],
      [GREATER, [2, 5], [0, -5]],
      [LESSER, [5, 0], [-5, 2]],
      [TEARDROP, [0, -2], [-4, 6]],
      [TUBEROSITY, [0, -4], [0, 5]],
      [HEAD, [0, 0], [30, -24]],
      [FORAMEN, [14, 8], [0, 0]],
      [SACROILIAC, [4, -6], [-2, 12]],
    ];
    for (const [landmark, bone, darker] of steps) {
      for (const [first, side] of [
        [0, -1],
        [LEFT, 1],
      ] as const) {
        const differences = dataset.samples.map((sample, i) => {
          const [x, y] = landmarksOf(sample)[first + landmark] as Point;
          const grey = ([out, down]: Point): number =>
            greyAround(images[i] as GreyImage, [x + side * out, y + down], 1.5);
          return grey(bone) - grey(darker);
        });
        expect(median(differences), dataset.landmarkNames[first + landmark]).toBeGreaterThan(0.03);
      }
    }
  });

  it('show the symphysis as a gap between its two ends', async () => {
    const dataset = phantom({ samples: 11, size: 256, markings: false, noise: 0 });
    const images = await readAll(dataset);
    const gaps = dataset.samples.map((sample, i) => {
      const points = landmarksOf(sample);
      const [top, bottom] = [points[21], points[22]] as [Point, Point];
      const middle: Point = [(top[0] + bottom[0]) / 2, (top[1] + bottom[1]) / 2];
      const grey = (out: number): number =>
        greyAround(images[i] as GreyImage, [middle[0] + out, middle[1]], 1);
      return Math.min(grey(-6), grey(6)) - grey(0);
    });
    expect(median(gaps)).toBeGreaterThan(0.03);
  });

  it('show the disc above the promontory, darker than the bone below it', async () => {
    const dataset = phantom({ samples: 11, size: 256, markings: false, noise: 0 });
    const images = await readAll(dataset);
    const steps = dataset.samples.map((sample, i) => {
      const [x, y] = landmarksOf(sample)[20] as Point;
      const grey = (down: number): number => greyAround(images[i] as GreyImage, [x, y + down], 1.5);
      return grey(3) - grey(-3);
    });
    expect(median(steps)).toBeGreaterThan(0.02);
  });
});
