import { Type } from 'typebox';
import type { Augmentation } from '../../core/data/augmentation.ts';
import { gaussianBlur } from '../../core/data/gaussian-blur.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

/** Below this the kernel is one pixel wide in all but name. */
const SMALLEST_SIGMA_PX = 0.2;

const options = Type.Object(
  {
    sigmaPx: Type.Number({
      description:
        'each image is blurred by a Gaussian of a standard deviation between 0 and this, in pixels of the view',
      default: 1,
      minimum: 0,
      maximum: 16,
    }),
  },
  { additionalProperties: false },
);

export const blur = definePlugin({
  kind: 'augmentation',
  type: 'blur',
  summary: 'Gaussian blur of a strength that varies between images',
  options,
  create({ sigmaPx }): Augmentation {
    return {
      intensity(image, random) {
        const sigma = random.uniform(0, sigmaPx);
        if (sigma < SMALLEST_SIGMA_PX) return;
        gaussianBlur(image, sigma);
      },
    };
  },
});
