import { type TSchema, Type } from 'typebox';
import { LandmarkCsvOptions } from '../landmark-csv/options.ts';

/** Options that every dataset of image files has. */
export const { root, mirrorPairs, edges, maxMegapixels } = LandmarkCsvOptions.properties;

export const closed = { additionalProperties: false } as const;

export const text = (description: string, value: string) =>
  Type.String({ description, default: value, minLength: 1 });

export const optional = <S extends TSchema>(schema: S, description: string) =>
  Type.Union([schema, Type.Null()], { description, default: null });

export const constantSpacing = optional(
  Type.Number({ exclusiveMinimum: 0 }),
  'side of a pixel in mm, of every image; null where it is unknown',
);
