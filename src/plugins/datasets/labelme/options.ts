import { type Static, Type } from 'typebox';
import {
  closed,
  constantSpacing,
  edges,
  maxMegapixels,
  mirrorPairs,
  optional,
  root,
} from '../../../core/data/annotated-folder/options.ts';
import { pixelOriginOption } from '../../../core/data/annotated-folder/pixel-origin.ts';

export const LabelmeOptions = Type.Object(
  {
    root,
    annotations: Type.String({
      description: 'the folder of JSON files, inside root; subfolders too. Images may lie anywhere in root',
      default: '.',
      minLength: 1,
    }),
    landmarkNames: optional(
      Type.Array(Type.String({ minLength: 1 }), { minItems: 1, uniqueItems: true }),
      'the labels that are landmarks, in order; null takes every label of a point, sorted',
    ),
    pixelOrigin: pixelOriginOption('corner'),
    mirrorPairs,
    edges,
    spacingMm: constantSpacing,
    maxMegapixels,
  },
  closed,
);

export type LabelmeSettings = Static<typeof LabelmeOptions>;
