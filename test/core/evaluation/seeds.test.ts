import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { holm } from '../../../src/core/evaluation/holm.ts';
import {
  compareOverSeeds,
  meanOverSeeds,
  type SeedMean,
  type SeedPair,
} from '../../../src/core/evaluation/seeds.ts';

interface ExpectedMean {
  readonly value: number;
  readonly sd: number;
  readonly interval: readonly [number, number];
}

interface Fixture {
  readonly means: readonly (ExpectedMean & { readonly values: number[] })[];
  readonly comparisons: readonly {
    readonly name: string;
    readonly pairs: readonly SeedPair[];
    readonly images: number;
    readonly difference: ExpectedMean;
    readonly pValue: number;
  }[];
  readonly holm: readonly { readonly pValues: number[]; readonly adjusted: number[] }[];
}

const fixture: Fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/benchmark/expected.json', import.meta.url), 'utf8'),
);

function expectMean(actual: SeedMean, { value, sd, interval }: ExpectedMean): void {
  const close = (expected: number) => expect.closeTo(expected, 9);
  expect(actual).toEqual({ value: close(value), sd: close(sd), interval: interval.map(close) });
}

describe('the mean over seeds', () => {
  it.each(fixture.means)('has the t interval of SciPy: $values.length seeds', ({ values, ...expected }) => {
    expectMean(meanOverSeeds(values), expected);
  });

  it('claims no interval from one seed', () => {
    expect(meanOverSeeds([3])).toEqual({ value: 3, sd: null, interval: null });
  });
});

describe('two methods over seeds, against SciPy', () => {
  it.each(fixture.comparisons)('$name', ({ pairs, images, difference, pValue }) => {
    const actual = compareOverSeeds(pairs);
    expect(actual).toMatchObject({ seeds: pairs.length, images });
    expectMean(actual.difference, difference);
    expect(actual.pValue).toBeCloseTo(pValue, 9);
    expect(actual.bySeed.map(({ seed }) => seed)).toEqual(pairs.map(({ seed }) => seed));
  });

  it('counts an image once, so that more seeds alone give no smaller p-value', () => {
    const [{ pairs }] = fixture.comparisons as [Fixture['comparisons'][0]];
    const again = pairs.map((pair) => ({ ...pair, seed: pair.seed + 10 }));
    expect(compareOverSeeds([...pairs, ...again]).pValue).toBeCloseTo(compareOverSeeds(pairs).pValue, 12);
  });
});

describe("Holm's correction", () => {
  it.each(fixture.holm)('gives what statsmodels gives: $pValues', ({ pValues, adjusted }) => {
    expect(holm(pValues)).toEqual(adjusted.map((value) => expect.closeTo(value, 12)));
  });

  it('takes a dataset without a comparison', () => {
    expect(holm([])).toEqual([]);
  });
});
