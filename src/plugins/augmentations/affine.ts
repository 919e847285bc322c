import { Type } from 'typebox';
import type { Augmentation } from '../../core/data/augmentation.ts';
import { type Affine, around, chain } from '../../core/data/geometry.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(
  {
    rotationDegrees: Type.Number({
      description: 'turns by up to this angle either way',
      default: 15,
      minimum: 0,
      maximum: 180,
    }),
    logScale: Type.Number({
      description: 'scales by exp(u), u up to this either way',
      default: 0.18,
      minimum: 0,
      maximum: 1,
    }),
    logAspect: Type.Number({
      description: 'stretches width by exp(u) and height by exp(-u), u up to this either way',
      default: 0.07,
      minimum: 0,
      maximum: 1,
    }),
    translation: Type.Number({
      description: "shifts along x and y by up to this part of the view's longer side",
      default: 0.06,
      minimum: 0,
      maximum: 1,
    }),
    shear: Type.Number({
      description: 'slants x by up to this much for one unit of y',
      default: 0,
      minimum: 0,
      maximum: 1,
    }),
  },
  { additionalProperties: false },
);

export const affine = definePlugin({
  kind: 'augmentation',
  type: 'affine',
  summary: 'rotation, scale, aspect, shear and translation, each uniform within its bounds',
  options,
  create({ rotationDegrees, logScale, logAspect, translation, shear }): Augmentation {
    return {
      geometry(random) {
        const within = (bound: number) => random.uniform(-bound, bound);
        const angle = (within(rotationDegrees) * Math.PI) / 180;
        const scale = Math.exp(within(logScale));
        const aspect = Math.exp(within(logAspect));
        const stretch: Affine = [scale * aspect, 0, 0, 0, scale / aspect, 0];
        const slant: Affine = [1, within(shear), 0, 0, 1, 0];
        const turn: Affine = [
          Math.cos(angle),
          -Math.sin(angle),
          within(translation),
          Math.sin(angle),
          Math.cos(angle),
          within(translation),
        ];
        const matrix = around([0.5, 0.5], chain(chain(stretch, slant), turn));
        return { matrix, mirrored: false };
      },
    };
  },
});
