import { Type } from 'typebox';
import type { Augmentation } from '../../core/data/augmentation.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(
  {
    logContrast: Type.Number({
      description: 'multiplies grey values by exp(u), u up to this either way',
      default: 0.25,
      minimum: 0,
      maximum: 2,
    }),
    brightness: Type.Number({
      description: 'then adds up to this either way',
      default: 0.15,
      minimum: 0,
      maximum: 1,
    }),
  },
  { additionalProperties: false },
);

export const contrast = definePlugin({
  kind: 'augmentation',
  type: 'contrast',
  summary: 'multiplies and shifts the grey values, like another exposure or window',
  options,
  create({ logContrast, brightness }): Augmentation {
    return {
      intensity({ pixels }, random) {
        const factor = Math.exp(random.uniform(-logContrast, logContrast));
        const shift = random.uniform(-brightness, brightness);
        for (let i = 0; i < pixels.length; i++) pixels[i] = pixels[i]! * factor + shift;
      },
    };
  },
});
