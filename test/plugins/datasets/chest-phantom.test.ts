import type { Static } from 'typebox';
import { describe, expect, it } from 'vitest';
import type { Dataset, GreyImage, Point } from '../../../src/core/data/dataset.ts';
import { chestPhantom } from '../../../src/plugins/datasets/chest-phantom.ts';
import { greyAround, landmarksOf, meanShapeError, median } from '../../support/phantom-images.ts';
import { itIsReproducible } from '../../support/reproducible-phantom.ts';

const DEFAULTS: Static<typeof chestPhantom.options> = {
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
  return chestPhantom.create({ ...DEFAULTS, ...options }, { baseDirectory: '.' }) as Dataset;
}

describe('chest-phantom reproducibility', () => {
  itIsReproducible(phantom);
});

describe('chest-phantom landmarks', () => {
  const { samples } = phantom({ samples: 500, size: 256 });

  it('lie inside the film', () => {
    for (const sample of samples) {
      for (const [x, y] of landmarksOf(sample)) {
        expect(Math.min(x, y)).toBeGreaterThan(0);
        expect(Math.max(x, y)).toBeLessThan(255);
      }
    }
  });

  it('are ordered as in a chest: apex, then cardiophrenic, then costophrenic angle, right on the image left', () => {
    for (const sample of samples) {
      const [apexR, costoR, cardioR, apexL, costoL, cardioL] = landmarksOf(sample) as [
        Point,
        Point,
        Point,
        Point,
        Point,
        Point,
      ];
      expect(apexR[1]).toBeLessThan(cardioR[1]);
      expect(cardioR[1]).toBeLessThan(costoR[1]);
      expect(apexL[1]).toBeLessThan(cardioL[1]);
      expect(cardioL[1]).toBeLessThan(costoL[1]);
      expect(costoR[0]).toBeLessThan(cardioR[0]);
      expect(cardioR[0]).toBeLessThan(cardioL[0]);
      expect(cardioL[0]).toBeLessThan(costoL[0]);
      expect(apexR[0]).toBeLessThan(apexL[0]);
    }
  });

  it('vary as much as on real films: the mean shape errs by 23 to 30 mm (real films: 26.8 mm)', () => {
    const meanErrorMm = meanShapeError(samples) * (400 / 256);
    expect(meanErrorMm).toBeGreaterThan(23);
    expect(meanErrorMm).toBeLessThan(30);
  });

  it('do not vary when shape and pose variation are off', () => {
    const [first, second] = phantom({ shapeVariation: 0, poseVariation: 0, samples: 2 }).samples;
    expect(second?.landmarks).toEqual(first?.landmarks);
  });
});

describe('chest-phantom pixels', () => {
  it('are finite greys in [0, 1]', async () => {
    const dataset = phantom({ samples: 4, size: 96 });
    for (const sample of dataset.samples) {
      const { pixels } = await dataset.read(sample);
      expect(pixels.every((grey) => grey >= 0 && grey <= 1)).toBe(true);
    }
  });

  it('show the landmarks: lung is darker than what lies beyond each one', async () => {
    const dataset = phantom({ samples: 11, size: 256, markings: false });
    // From the landmark into the lung, and into the tissue beyond it (pixels of 1.56 mm).
    const steps: readonly (readonly [landmark: number, lung: Point, beyond: Point])[] = [
      [0, [0, 12], [0, -12]],
      [1, [5, -14], [8, 9]],
      [2, [-9, -9], [9, 9]],
      [3, [0, 12], [0, -12]],
      [4, [-5, -14], [-8, 9]],
      [5, [9, -9], [-9, 9]],
    ];
    const images = await Promise.all(dataset.samples.map((sample) => dataset.read(sample)));
    for (const [landmark, lung, beyond] of steps) {
      const differences = dataset.samples.map((sample, i) => {
        const [x, y] = landmarksOf(sample)[landmark] as Point;
        const image = images[i] as GreyImage;
        const inside = greyAround(image, [x + lung[0], y + lung[1]], 3);
        return greyAround(image, [x + beyond[0], y + beyond[1]], 3) - inside;
      });
      expect(median(differences), `landmark ${landmark}`).toBeGreaterThan(0.04);
    }
  });
});
