import { Type } from 'typebox';
import type { Augmentation } from '../../core/data/augmentation.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

/** The sum of four bytes has this mean and standard deviation, and nearly the shape of a normal distribution. */
const BYTE_SUM_MEAN = 4 * 127.5;
const BYTE_SUM_DEVIATION = Math.sqrt((4 * (256 ** 2 - 1)) / 12);

const options = Type.Object(
  {
    deviation: Type.Number({
      description:
        'each image has noise of a standard deviation between 0 and this, in grey values of [0, 1]',
      default: 0.03,
      minimum: 0,
      maximum: 1,
    }),
  },
  { additionalProperties: false },
);

export const noise = definePlugin({
  kind: 'augmentation',
  type: 'noise',
  summary: 'independent noise in every pixel, nearly normal, of a strength that varies between images',
  source: 'Marsaglia 2003 (xorshift generators)',
  options,
  create({ deviation }): Augmentation {
    return {
      intensity({ pixels }, random) {
        const unit = random.uniform(0, deviation) / BYTE_SUM_DEVIATION;
        let state = random.integer(1, 0x7fffffff);
        for (let i = 0; i < pixels.length; i++) {
          state ^= state << 13;
          state ^= state >>> 17;
          state ^= state << 5;
          const sum = (state & 255) + ((state >>> 8) & 255) + ((state >>> 16) & 255) + (state >>> 24);
          pixels[i]! += (sum - BYTE_SUM_MEAN) * unit;
        }
      },
    };
  },
});
