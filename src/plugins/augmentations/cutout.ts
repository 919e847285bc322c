import { Type } from 'typebox';
import type { Augmentation } from '../../core/data/augmentation.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const sidePart = (description: string, value: number) =>
  Type.Number({ description, default: value, minimum: 0, maximum: 1 });

const options = Type.Object(
  {
    probability: Type.Number({
      description: 'how often an image has a rectangle',
      default: 0.5,
      minimum: 0,
      maximum: 1,
    }),
    smallest: sidePart("the shortest side of the rectangle, as a part of the image's", 0.05),
    largest: sidePart("the longest side of the rectangle, as a part of the image's", 0.25),
  },
  { additionalProperties: false },
);

export const cutout = definePlugin({
  kind: 'augmentation',
  type: 'cutout',
  summary: 'covers a random rectangle with a random grey, so that no landmark rests on one place alone',
  source: 'DeVries & Taylor 2017, arXiv 1708.04552',
  options,
  create({ probability, smallest, largest }): Augmentation {
    return {
      intensity({ width, height, pixels }, random) {
        if (!random.chance(probability)) return;
        const side = (whole: number) => {
          const part = random.uniform(Math.min(smallest, largest), Math.max(smallest, largest));
          return Math.max(1, Math.floor(whole * part));
        };
        const [w, h] = [side(width), side(height)];
        const [left, top] = [random.integer(0, width - w), random.integer(0, height - h)];
        const grey = random.uniform();
        for (let y = top; y < top + h; y++) pixels.fill(grey, y * width + left, y * width + left + w);
      },
    };
  },
});
