import { type Static, Type } from 'typebox';
import {
  closed,
  constantSpacing,
  maxMegapixels,
  mirrorPairs,
  optional,
  root,
  text,
} from '../../../core/data/annotated-folder/options.ts';
import { pixelOriginOption } from '../../../core/data/annotated-folder/pixel-origin.ts';

const file = Type.String({ minLength: 1 });

export const CocoKeypointsOptions = Type.Object(
  {
    root,
    images: text('the folder of images, inside root; file_name is relative to it', 'images'),
    annotations: Type.Union([file, Type.Record(Type.String({ minLength: 1 }), file)], {
      description:
        'the annotation file, inside root; or one for each named part of the dataset: { train: train.json, val: val.json }',
      default: 'annotations.json',
    }),
    category: optional(
      file,
      'the category whose keypoints are the landmarks; null takes the only one with keypoints',
    ),
    several: Type.Union([Type.Literal('error'), Type.Literal('largest')], {
      description:
        'what to do with an image that has several annotations of the category: refuse it, or take the one of the largest area',
      default: 'error',
    }),
    pixelOrigin: pixelOriginOption('centre'),
    mirrorPairs,
    spacingMm: constantSpacing,
    maxMegapixels,
  },
  closed,
);

export type CocoKeypointsSettings = Static<typeof CocoKeypointsOptions>;
