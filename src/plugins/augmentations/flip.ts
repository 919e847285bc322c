import { Type } from 'typebox';
import type { Augmentation } from '../../core/data/augmentation.ts';
import { IDENTITY } from '../../core/data/geometry.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(
  {
    probability: Type.Number({
      description: 'how often left and right change places',
      default: 0.5,
      minimum: 0,
      maximum: 1,
    }),
  },
  { additionalProperties: false },
);

export const flip = definePlugin({
  kind: 'augmentation',
  type: 'flip',
  summary: "left-right flip; the dataset's mirror pairs swap their landmarks",
  options,
  create({ probability }): Augmentation {
    return {
      geometry(random) {
        const mirrored = random.chance(probability);
        return { matrix: mirrored ? [-1, 0, 1, 0, 1, 0] : IDENTITY, mirrored };
      },
    };
  },
});
