import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { computeMetrics } from '../../../src/core/evaluation/metrics.ts';
import { metricsJsonSchema, type Summary } from '../../../src/core/evaluation/metrics-schema.ts';
import { comparePaired, signedRankPValue } from '../../../src/core/evaluation/paired-comparison.ts';
import type { EvaluatedPrediction } from '../../../src/core/evaluation/prediction.ts';
import { trackedMetrics } from '../../../src/core/evaluation/tracked-metrics.ts';

interface ExpectedSummary {
  readonly points: number;
  readonly mre: number;
  readonly sd: number;
  readonly median: number;
  readonly mrePx: number;
  readonly sdr: readonly number[];
  readonly nme: number;
  readonly failedPoints: number;
  readonly failedImages: number;
  readonly auc: number;
  readonly aucByIntegration: number;
}

interface Fixture {
  readonly predictions: readonly EvaluatedPrediction[];
  readonly landmarkNames: readonly string[];
  readonly radii: readonly number[];
  readonly failureRadius: number;
  readonly overall: ExpectedSummary;
  readonly landmarks: readonly ExpectedSummary[];
  readonly intervals: Readonly<Record<'mre' | 'median', readonly [number, number]>>;
  readonly wilcoxon: readonly { name: string; differences: number[]; pValue: number }[];
}

const fixture: Fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/metrics/expected.json', import.meta.url), 'utf8'),
);
const metrics = computeMetrics(fixture.predictions, fixture.landmarkNames, {
  radiiMm: fixture.radii,
  failureRadiusMm: fixture.failureRadius,
  nmeReference: { between: ['a', 'b'] },
});

const onePoint = (errorPx: number, spacing?: EvaluatedPrediction['spacing']): EvaluatedPrediction => ({
  id: `${errorPx}.png`,
  width: 100,
  height: 100,
  ...(spacing ? { spacing } : {}),
  landmarks: [[10 + errorPx, 10]],
  truth: [[10, 10]],
});

function expectSummary(actual: Summary, expected: ExpectedSummary): void {
  expect(actual.points).toBe(expected.points);
  expect(actual.mre.value).toBeCloseTo(expected.mre, 9);
  expect(actual.sd).toBeCloseTo(expected.sd, 9);
  expect(actual.median.value).toBeCloseTo(expected.median, 9);
  expect(actual.mrePx).toBeCloseTo(expected.mrePx, 9);
  expect(actual.sdr.map(({ rate }) => rate.value)).toEqual(
    expected.sdr.map((rate) => expect.closeTo(rate, 9)),
  );
  expect(actual.nme?.value).toBeCloseTo(expected.nme, 9);
  expect(actual.failureRate.points.value).toBeCloseTo(expected.failedPoints, 9);
  expect(actual.failureRate.images.value).toBeCloseTo(expected.failedImages, 9);
  expect(actual.auc.value).toBeCloseTo(expected.auc, 9);
  expect(actual.auc.value).toBeCloseTo(expected.aucByIntegration, 3);
}

describe('metrics against NumPy, with missing landmarks and anisotropic spacing', () => {
  it('gives the same numbers overall', () => expectSummary(metrics.overall, fixture.overall));

  it.each([0, 1, 2])('gives the same numbers for landmark %i', (index) => {
    expectSummary(metrics.landmarks[index] as Summary, fixture.landmarks[index] as ExpectedSummary);
  });

  it.each(['mre', 'median'] as const)('gives the interval of the %s that SciPy gives', (statistic) => {
    const [low, high] = fixture.intervals[statistic];
    const tolerance = 0.08 * (high - low);
    expect(Math.abs(metrics.overall[statistic].low - low)).toBeLessThan(tolerance);
    expect(Math.abs(metrics.overall[statistic].high - high)).toBeLessThan(tolerance);
  });

  it('gives the same intervals again for the same seed', () => {
    const again = computeMetrics(fixture.predictions, fixture.landmarkNames, {
      radiiMm: fixture.radii,
      failureRadiusMm: fixture.failureRadius,
      nmeReference: { between: ['a', 'b'] },
    });
    expect(again).toEqual(metrics);
  });
});

describe('what the numbers are stated in', () => {
  it('uses pixels and says so when one image has no pixel spacing', () => {
    const mixed = computeMetrics([onePoint(8, { xMm: 0.5, yMm: 0.5 }), onePoint(4)], ['a']);
    expect(mixed.unit).toBe('px');
    expect(mixed.overall.mre.value).toBe(6);
    expect(mixed.notice).toContain('unknown');
  });

  it('has no notice when every length is in mm', () => {
    const known = computeMetrics([onePoint(8, { xMm: 0.5, yMm: 2 })], ['a']);
    expect(known.overall.mre.value).toBe(4);
    expect(known.overall.sd).toBe(0);
    expect(known).not.toHaveProperty('notice');
  });

  it('counts an error that equals a radius as found', () => {
    const edge = computeMetrics([onePoint(4, { xMm: 0.5, yMm: 0.5 })], ['a']);
    expect(edge.overall.sdr[0]).toMatchObject({ radius: 2, rate: { value: 1 } });
  });

  it('leaves a landmark that no test image shows out of the table', () => {
    const sample = onePoint(3);
    const partial = {
      ...sample,
      landmarks: [...sample.landmarks, [5, 5] as const],
      truth: [...sample.truth, null],
    };
    const result = computeMetrics([partial], ['a', 'b']);
    expect(result.landmarks.map(({ name }) => name)).toEqual(['a']);
    expect(result.missingPoints).toBe(1);
  });

  it('names the metrics by unit for the tracker', () => {
    expect(trackedMetrics(metrics, 'test')).toMatchObject({
      'test/mre_mm': metrics.overall.mre.value,
      'test/sdr_2.5mm': metrics.overall.sdr[1]?.rate.value,
    });
  });
});

describe('predictions that cannot be measured', () => {
  it('refuses NaN instead of averaging it away', () => {
    expect(() => computeMetrics([onePoint(Number.NaN)], ['a'])).toThrow(/not a number/);
  });

  it('refuses a test set without a label', () => {
    expect(() => computeMetrics([{ ...onePoint(1), truth: [null] }], ['a'])).toThrow(/no image/);
  });

  it('names the known landmarks when the reference distance names an unknown one', () => {
    const nmeReference = { between: ['a', 'z'] } as const;
    expect(() => computeMetrics([onePoint(1)], ['a'], { nmeReference })).toThrow(/'z'/);
  });
});

describe('metrics.json', () => {
  const validate = new Ajv({ strict: true }).compile(metricsJsonSchema());

  it('is valid against its schema', () => {
    expect(
      validate({ version: 1, teacher: metrics, meanShape: metrics }),
      JSON.stringify(validate.errors),
    ).toBe(true);
  });

  it('is not valid with an unknown key', () => {
    expect(validate({ version: 1, professor: metrics })).toBe(false);
  });
});

describe('paired comparison against SciPy', () => {
  it.each(fixture.wilcoxon)('gives the p-value of SciPy: $name', ({ differences, pValue }) => {
    expect(signedRankPValue(differences)).toBeCloseTo(pValue, 9);
  });

  it('finds no difference between a run and itself', () => {
    expect(comparePaired([1, 2, 3], [1, 2, 3])).toEqual({
      pairs: 3,
      difference: { value: 0, low: 0, high: 0 },
      pValue: 1,
    });
  });

  it('says better with a negative difference whose interval leaves zero out', () => {
    const reference = Array.from({ length: 40 }, (_, image) => 3 + Math.sin(image));
    const better = reference.map((error, image) => error - 0.5 + 0.1 * Math.cos(7 * image));
    const { difference, pValue } = comparePaired(reference, better);
    expect(difference.high).toBeLessThan(0);
    expect(pValue).toBeLessThan(1e-6);
  });
});
