import { describe, expect, it } from 'vitest';
import type { Augmentation } from '../../../src/core/data/augmentation.ts';
import { Random } from '../../../src/core/random.ts';
import { biasField } from '../../../src/plugins/augmentations/bias-field.ts';
import { blur } from '../../../src/plugins/augmentations/blur.ts';
import { contrast } from '../../../src/plugins/augmentations/contrast.ts';
import { cutout } from '../../../src/plugins/augmentations/cutout.ts';
import { gamma } from '../../../src/plugins/augmentations/gamma.ts';
import { histogramMatch } from '../../../src/plugins/augmentations/histogram-match.ts';
import { noise } from '../../../src/plugins/augmentations/noise.ts';

const [WIDTH, HEIGHT] = [50, 40];
const SEEDS = Array.from({ length: 40 }, (_, seed) => seed);

function applied(augmentation: Augmentation, seed: number, source: (i: number) => number): Float32Array {
  const pixels = Float32Array.from({ length: WIDTH * HEIGHT }, (_, i) => source(i));
  const image = { width: WIDTH, height: HEIGHT, pixels };
  augmentation.intensity?.(image, new Random('intensity', seed), () => DARK_FILM);
  return pixels;
}

/** Another image: a third of it outside of the film, the rest in the lower half of the grey range. */
const DARK_FILM = Uint8Array.from({ length: 900 }, (_, i) => (i < 300 ? 0 : 1 + ((i * 7) % 127)));

const ramp = (i: number) => i / (WIDTH * HEIGHT - 1);
const mean = (values: Float32Array) => values.reduce((a, b) => a + b) / values.length;
const deviation = (values: Float32Array) => {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
};

describe('every intensity augmentation', () => {
  it.each([
    ['gamma', gamma.create({ logGamma: 0.5 }, {})],
    ['bias-field', biasField.create({ amplitude: 0.08, cells: 4 }, {})],
    ['contrast', contrast.create({ logContrast: 0.25, brightness: 0.15 }, {})],
    ['histogram-match', histogramMatch.create({ probability: 1, strength: 1 }, {})],
    ['noise', noise.create({ deviation: 0.03 }, {})],
    ['blur', blur.create({ sigmaPx: 3 }, {})],
    ['cutout', cutout.create({ probability: 1, smallest: 0.05, largest: 0.25 }, {})],
  ])('%s gives the same image for the same stream, and another for another', (_, augmentation) => {
    expect(applied(augmentation, 1, ramp)).toEqual(applied(augmentation, 1, ramp));
    expect(applied(augmentation, 1, ramp)).not.toEqual(applied(augmentation, 2, ramp));
    expect(applied(augmentation, 1, ramp).every(Number.isFinite)).toBe(true);
  });
});

it('gamma is a power of the grey value, within its bounds, and keeps black and white', () => {
  const augmentation = gamma.create({ logGamma: 0.5 }, {});
  for (const seed of SEEDS) {
    const result = applied(augmentation, seed, ramp);
    expect(result[0]).toBe(0);
    expect(result.at(-1)).toBe(1);
    const middle = Math.floor(result.length / 2);
    const exponent = Math.log(result[middle]!) / Math.log(ramp(middle));
    expect(Math.abs(Math.log(exponent))).toBeLessThanOrEqual(0.501);
    const worst = result.map((value, i) => Math.abs(value - ramp(i) ** exponent));
    expect(worst.reduce((a, b) => Math.max(a, b))).toBeLessThan(0.005);
  }
});

it('noise has the deviation that was asked for, at most, and no bias', () => {
  const augmentation = noise.create({ deviation: 0.03 }, {});
  const deviations = SEEDS.map((seed) => {
    const result = applied(augmentation, seed, () => 0.5);
    expect(Math.abs(mean(result) - 0.5)).toBeLessThan(0.003);
    return deviation(result);
  });
  expect(Math.max(...deviations)).toBeLessThan(0.0315);
  expect(Math.max(...deviations)).toBeGreaterThan(0.025);
  expect(Math.min(...deviations)).toBeLessThan(0.005);
});

it('noise is nearly normal: skewness 0, kurtosis 3', () => {
  const result = applied(noise.create({ deviation: 1 }, {}), 5, () => 0);
  const unit = deviation(result);
  expect(Math.abs(mean(result.map((v) => (v / unit) ** 3)))).toBeLessThan(0.15);
  expect(Math.abs(mean(result.map((v) => (v / unit) ** 4)) - 3)).toBeLessThan(0.6);
});

it('a bias field is smooth and of the amplitude that was asked for', () => {
  const augmentation = biasField.create({ amplitude: 0.08, cells: 4 }, {});
  const spread = SEEDS.map((seed) => {
    const field = applied(augmentation, seed, () => 0);
    for (let i = 1; i < WIDTH; i++) expect(Math.abs(field[i]! - field[i - 1]!)).toBeLessThan(0.05);
    return mean(field.map((value) => value ** 2));
  });
  const rms = Math.sqrt(spread.reduce((a, b) => a + b) / spread.length);
  expect(rms).toBeGreaterThan(0.04);
  expect(rms).toBeLessThan(0.09);
});

it('contrast is one factor and one shift, within their bounds', () => {
  const augmentation = contrast.create({ logContrast: 0.25, brightness: 0.15 }, {});
  for (const seed of SEEDS) {
    const result = applied(augmentation, seed, ramp);
    const shift = result[0]!;
    const factor = result.at(-1)! - shift;
    expect(Math.abs(shift)).toBeLessThanOrEqual(0.15);
    expect(Math.abs(Math.log(factor))).toBeLessThanOrEqual(0.25001);
  }
});

it('blur spreads a point as a Gaussian does and keeps the sum and a constant image', () => {
  const augmentation = blur.create({ sigmaPx: 3 }, {});
  const point = (i: number) => (i === 20 * WIDTH + 25 ? 1 : 0);
  for (const seed of SEEDS.slice(0, 10)) {
    const result = applied(augmentation, seed, point);
    expect(result.reduce((a, b) => a + b)).toBeCloseTo(1, 4);
    const variance = (axis: (i: number) => number) => result.reduce((sum, v, i) => sum + v * axis(i) ** 2, 0);
    const [x, y] = [variance((i) => (i % WIDTH) - 25), variance((i) => Math.floor(i / WIDTH) - 20)];
    expect(x).toBeCloseTo(y, 4);
    expect(x).toBeLessThan(9.1);
    expect(applied(augmentation, seed, () => 0.7).every((value) => Math.abs(value - 0.7) < 1e-5)).toBe(true);
  }
});

it('cutout covers one rectangle of one grey, of the size that was asked for', () => {
  const augmentation = cutout.create({ probability: 1, smallest: 0.1, largest: 0.25 }, {});
  for (const seed of SEEDS) {
    const covered = [...applied(augmentation, seed, () => -1)].flatMap((value, i) =>
      value === -1 ? [] : [[i, value]],
    );
    const columns = covered.map(([i]) => i! % WIDTH);
    const rows = covered.map(([i]) => Math.floor(i! / WIDTH));
    const [w, h] = [columns, rows].map((places) => Math.max(...places) - Math.min(...places) + 1);
    expect(covered).toHaveLength(w! * h!);
    expect(new Set(covered.map(([, grey]) => grey)).size).toBe(1);
    expect([w! >= 5, w! <= 12, h! >= 4, h! <= 10]).toEqual([true, true, true, true]);
  }
});

it('cutout comes as often as asked', () => {
  const augmentation = cutout.create({ probability: 0.5, smallest: 0.05, largest: 0.25 }, {});
  const hits = Array.from({ length: 300 }, (_, seed) =>
    applied(augmentation, seed, () => -1).some((v) => v !== -1),
  );
  const share = hits.filter(Boolean).length / hits.length;
  expect(share).toBeGreaterThan(0.4);
  expect(share).toBeLessThan(0.6);
});

describe('histogram matching', () => {
  const full = Object.assign(new Random('full'), {
    uniform: (_low = 0, high = 1) => high,
    chance: () => true,
  });
  const matched = (source: (i: number) => number, strength: number) => {
    const pixels = Float32Array.from({ length: 2000 }, (_, i) => source(i));
    const augmentation = histogramMatch.create({ probability: 1, strength }, {});
    augmentation.intensity?.({ width: 50, height: 40, pixels }, full, () => DARK_FILM);
    return pixels;
  };

  it('gives the film the grey values of the other one, in the same order, and leaves the outside black', () => {
    const source = (i: number) => (i < 1000 ? 0 : 0.3 + (0.7 * (i - 1000)) / 999);
    const result = matched(source, 1);
    expect(result.slice(0, 1000).every((value) => value === 0)).toBe(true);
    const film = result.slice(1000);
    for (let i = 1; i < film.length; i++) expect(film[i]).toBeGreaterThanOrEqual(film[i - 1]!);
    // The other film is uniform over levels 1 to 127.
    for (const part of [0.1, 0.5, 0.9])
      expect(film[Math.floor(part * 1000)]! * 255).toBeCloseTo(127 * part, -0.7);
  });

  it('of strength 0 changes nothing', () => {
    expect(matched((i) => i / 1999, 0)).toEqual(Float32Array.from({ length: 2000 }, (_, i) => i / 1999));
  });
});
