import { Type } from 'typebox';
import type { Augmentation, AugmentedImage } from '../../core/data/augmentation.ts';
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
        const { width, height } = image;
        const kernel = gaussian(sigma);
        blurLines(image, kernel, { length: width, step: 1 }, { length: height, step: width });
        blurLines(image, kernel, { length: height, step: width }, { length: width, step: 1 });
      },
    };
  },
});

/** How many pixels an axis has, and how far apart they lie in memory. */
interface Axis {
  readonly length: number;
  readonly step: number;
}

/** The weights of the distances 0, 1, 2, … to three deviations, which sum to 1 over both sides. */
function gaussian(sigma: number): Float32Array {
  const radius = Math.ceil(3 * sigma);
  const half = Float32Array.from({ length: radius + 1 }, (_, k) => Math.exp((-k * k) / (2 * sigma * sigma)));
  const sum = half.reduce((total, weight) => total + 2 * weight, -1);
  return half.map((weight) => weight / sum);
}

/** Blurs in place along one axis, the edge pixels repeated beyond the image. */
function blurLines({ pixels }: AugmentedImage, kernel: Float32Array, along: Axis, across: Axis): void {
  const radius = kernel.length - 1;
  const padded = new Float32Array(along.length + 2 * radius);
  for (let line = 0; line < across.length; line++) {
    const start = line * across.step;
    for (let i = 0; i < padded.length; i++) {
      const place = Math.min(along.length - 1, Math.max(0, i - radius));
      padded[i] = pixels[start + place * along.step]!;
    }
    for (let i = 0; i < along.length; i++) {
      let sum = kernel[0]! * padded[i + radius]!;
      for (let k = 1; k <= radius; k++)
        sum += kernel[k]! * (padded[i + radius - k]! + padded[i + radius + k]!);
      pixels[start + i * along.step] = sum;
    }
  }
}
