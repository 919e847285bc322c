import { Type } from 'typebox';
import type { Augmentation } from '../../core/data/augmentation.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(
  {
    probability: Type.Number({
      description: 'how often an image takes on the grey values of another',
      default: 0.5,
      minimum: 0,
      maximum: 1,
    }),
    strength: Type.Number({
      description: 'how far at most: 0 keeps the image, 1 gives it the very histogram of the other',
      default: 1,
      minimum: 0,
      maximum: 1,
    }),
  },
  { additionalProperties: false },
);

/** Grey levels that are told apart; level 0, black, is the world outside of the film and stays as it is. */
const LEVELS = 256;

/** Gives an image the histogram of another training image, labeled or not: its exposure, contrast and processing. */
export const histogramMatch = definePlugin({
  kind: 'augmentation',
  type: 'histogram-match',
  summary: 'the grey values of another training image, by matching the histograms',
  source: 'Gonzalez & Woods, Digital Image Processing, histogram specification',
  options,
  create({ probability, strength }): Augmentation {
    return {
      intensity({ pixels }, random, other) {
        if (!random.chance(probability)) return;
        const share = random.uniform(0, strength);
        const map = matching(quantiles(countLevels(pixels)), quantiles(countBytes(other(random))));
        for (let i = 0; i < pixels.length; i++) {
          const level = levelOf(pixels[i]!);
          if (level > 0) pixels[i]! += share * (map[level]! - pixels[i]!);
        }
      },
    };
  },
});

function levelOf(value: number): number {
  return Math.max(0, Math.min(LEVELS - 1, Math.round(value * (LEVELS - 1))));
}

function countLevels(pixels: Float32Array): Float64Array {
  const counts = new Float64Array(LEVELS);
  for (let i = 0; i < pixels.length; i++) counts[levelOf(pixels[i]!)]! += 1;
  return counts;
}

function countBytes(bytes: Uint8Array): Float64Array {
  const counts = new Float64Array(LEVELS);
  for (let i = 0; i < bytes.length; i++) counts[bytes[i]!]! += 1;
  return counts;
}

/** For each level the part of the film that is no brighter. */
function quantiles(counts: Float64Array): Float64Array {
  let below = 0;
  const film = Math.max(1, counts.reduce((sum, count) => sum + count) - counts[0]!);
  return counts.map((count, level) => {
    if (level > 0) below += count;
    return below / film;
  });
}

/** For each level of one image the value in [0, 1] of the other that has as many pixels below it. */
function matching(own: Float64Array, other: Float64Array): Float64Array {
  let level = 0;
  return own.map((quantile) => {
    while (level < LEVELS - 1 && other[level]! < quantile) level++;
    return level / (LEVELS - 1);
  });
}
