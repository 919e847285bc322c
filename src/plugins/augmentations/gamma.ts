import { Type } from 'typebox';
import type { Augmentation } from '../../core/data/augmentation.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

/** A power is slow and a table of it, read with interpolation, is not. */
const TABLE_STEPS = 1024;

const options = Type.Object(
  {
    logGamma: Type.Number({
      description: 'raises grey values, cut to [0, 1], to the power exp(u), u up to this either way',
      default: 0.5,
      minimum: 0,
      maximum: 2,
    }),
  },
  { additionalProperties: false },
);

export const gamma = definePlugin({
  kind: 'augmentation',
  type: 'gamma',
  summary: 'lightens or darkens the middle greys, like another film or detector response',
  options,
  create({ logGamma }): Augmentation {
    return {
      intensity({ pixels }, random) {
        const exponent = Math.exp(random.uniform(-logGamma, logGamma));
        // One entry beyond 1, so that the value 1 has a right neighbour.
        const table = Float32Array.from({ length: TABLE_STEPS + 2 }, (_, i) =>
          Math.min(1, (i / TABLE_STEPS) ** exponent),
        );
        for (let i = 0; i < pixels.length; i++) {
          const place = Math.min(1, Math.max(0, pixels[i]!)) * TABLE_STEPS;
          const step = Math.floor(place);
          const low = table[step]!;
          pixels[i] = low + (place - step) * (table[step + 1]! - low);
        }
      },
    };
  },
});
