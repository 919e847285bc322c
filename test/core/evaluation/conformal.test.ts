import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { conformalRadius, imagesNeeded, measureRadii } from '../../../src/core/evaluation/conformal.ts';
import { metricsJsonSchema } from '../../../src/core/evaluation/metrics-schema.ts';
import type { EvaluatedPrediction } from '../../../src/core/evaluation/prediction.ts';
import { Random } from '../../../src/core/random.ts';

interface Case {
  readonly level: number;
  readonly images: readonly (readonly number[])[];
  readonly radius: number | null;
}

const cases: Case[] = JSON.parse(
  readFileSync(new URL('../../fixtures/conformal/expected.json', import.meta.url), 'utf8'),
);

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Errors of an image: all of a hard image are large, so that its points are far from independent. */
function drawImage(random: Random, points: number): number[] {
  const hardness = Math.exp(random.normal(0, 0.7));
  return Array.from({ length: points }, () => hardness * Math.abs(random.normal()));
}

/** Mean over repetitions of the share of a fresh image's points that lie within the radius of 19 others. */
function meanCoverage(points: number, repetitions: number): number {
  const random = new Random('conformal coverage', points);
  return meanOf(
    Array.from({ length: repetitions }, () => {
      const radius = conformalRadius(
        Array.from({ length: 19 }, () => drawImage(random, points)),
        0.9,
      );
      return meanOf(drawImage(random, points).map((error) => Number(error <= radius)));
    }),
  );
}

/** Three standard errors of a share near 0.9 over 4000 repetitions. */
const CHANCE = 3 * Math.sqrt((0.9 * 0.1) / 4000);

describe('the radius of split conformal prediction', () => {
  it.each(cases.map((one, index) => [index, one.images.length, one.level, one] as const))(
    'is the number of NumPy: case %i, %i images at %f',
    (_, __, ___, { images, level, radius }) => {
      expect(conformalRadius(images, level)).toBe(radius ?? Number.POSITIVE_INFINITY);
    },
  );

  it('holds a further landmark as often as it says, not more and not less', () => {
    expect(Math.abs(meanCoverage(1, 4000) - 0.9)).toBeLessThan(CHANCE);
  });

  it('holds at least that share where the landmarks of an image err together', () => {
    const coverage = meanCoverage(6, 4000);
    expect(coverage).toBeGreaterThan(0.9 - CHANCE);
    // The bound of the paper's theorem 2: not more than 2 / (n + 1) above.
    expect(coverage).toBeLessThan(0.9 + 2 / 20 + CHANCE);
  });

  it.each([
    [0.9, 9],
    [0.95, 19],
    [0.8, 4],
    [0.5, 1],
  ])('at %f is finite from %f images on', (level, needed) => {
    expect(imagesNeeded(level)).toBe(needed);
    const images = Array.from({ length: needed }, (_, index) => [index]);
    expect(conformalRadius(images, level)).toBe(needed - 1);
    expect(conformalRadius(images.slice(1), level)).toBe(Number.POSITIVE_INFINITY);
  });
});

/** Landmark a is off by the first number, b by the second; null is not labeled. */
const image = (...errors: (number | null)[]): EvaluatedPrediction => ({
  id: errors.join(),
  ...{ width: 100, height: 100, spacing: { xMm: 0.5, yMm: 0.5 } },
  landmarks: errors.map((error) => [10 + (error ?? 0), 10]),
  truth: errors.map((error) => (error === null ? null : [10, 10])),
});

describe('the radii in metrics.json', () => {
  const validation = [image(2, 20), image(4, null), image(6, 60), image(8, 80)];
  const test = [image(1, 100), image(9, 20), image(null, 60)];
  const radii = measureRadii(
    { teacher: { validation, test }, student: { validation: [], test } },
    ['a', 'b'],
    0.8,
  );

  it('are in mm, and say what share of the test points they hold', () => {
    expect(radii).toMatchObject({ level: 0.8, unit: 'mm', images: 4 });
    expect(radii).not.toHaveProperty('notice');
    expect(radii.teacher.landmarks[0]).toEqual({ name: 'a', images: 4, radius: 4, coverage: 0.5 });
    // The largest of all errors: 4 images may miss none. Image 1 lies half within it, the others wholly.
    expect(radii.teacher.pooled).toEqual({ images: 4, radius: 40, coverage: (0.5 + 1 + 1) / 3 });
  });

  it('are valid against the schema of the file', () => {
    const validate = new Ajv({ strict: true }).compile(metricsJsonSchema());
    expect(validate({ version: 1, conformal: radii }), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ version: 1, conformal: { ...radii, unit: 'cm' } })).toBe(false);
  });

  it('are unknown for a landmark that too few images show, and for a network without validation images', () => {
    expect(radii.teacher.landmarks[1]).toEqual({ name: 'b', images: 3, radius: null, coverage: null });
    expect(radii.student.pooled).toEqual({ images: 0, radius: null, coverage: null });
  });

  it('say why there are none, and how many images it takes', () => {
    const few = measureRadii(
      { teacher: { validation, test }, student: { validation, test } },
      ['a', 'b'],
      0.95,
    );
    expect(few.notice).toMatch(/4 labeled validation images are too few .* 95 %: it takes 19 or more/);
    expect(few.teacher.pooled.radius).toBeNull();
  });
});
