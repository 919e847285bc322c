import { type Static, type TObject, type TSchema, Type } from 'typebox';

export const closed = { additionalProperties: false } as const;

export const text = (description: string, value: string) =>
  Type.String({ description, default: value, minLength: 1 });

export const optional = <S extends TSchema>(schema: S, description: string) =>
  Type.Union([schema, Type.Null()], { description, default: null });

const optionalColumn = (description: string) => optional(Type.String({ minLength: 1 }), description);

const Landmark = Type.Union([Type.String(), Type.Integer({ minimum: 0 })]);
const pairs = (description: string) =>
  Type.Array(Type.Tuple([Landmark, Landmark]), { description, default: [] });

/** Options that every dataset of image files has. */
export const root = text("the dataset's folder, relative to the recipe's", '.');
export const mirrorPairs = pairs(
  'pairs of landmarks, by name or number from 0, that a left-right flip swaps',
);
export const edges = pairs(
  'pairs of landmarks, by name or number from 0, to join in drawings and in fixed graphs',
);
export const maxMegapixels = Type.Number({
  description: 'larger images are refused',
  default: 200,
  exclusiveMinimum: 0,
});
export const constantSpacing = optional(
  Type.Number({ exclusiveMinimum: 0 }),
  'side of a pixel in mm, of every image; null where it is unknown',
);

/**
 * The options of a dataset that is a folder of images and tables of what is known of them; a plugin adds its own.
 * @param imageFiles which files are images, for a description.
 */
export function annotatedFolderOptions(imageFiles: string) {
  return {
    root,
    images: text(`the folder of images, inside root; ${imageFiles}, subfolders too`, 'images'),
    landmarks: text('the table of landmarks, inside root', 'landmarks.csv'),
    format: Type.Union([Type.Literal('auto'), Type.Literal('long'), Type.Literal('wide')], {
      description:
        'long: a row for each landmark of each image; wide: a row for each image; auto takes long where its columns are there',
      default: 'auto',
    }),
    columns: Type.Object(
      {
        image: text('names the image file, in both formats', 'image'),
        landmark: text('long format: names or numbers the landmark', 'landmark'),
        x: text('long format: pixels from the left, 0 at the centre of the first pixel', 'x'),
        y: text('long format: pixels from the top', 'y'),
        wideX: text('wide format: the x column of the landmark that stands for *', '*_x'),
        wideY: text('wide format: the y column of the landmark that stands for *', '*_y'),
      },
      { ...closed, description: 'columns of the table of landmarks', default: {} },
    ),
    samples: optional(
      Type.String({ minLength: 1 }),
      'a table with a row for each image, inside root; its columns that are not named below are ignored',
    ),
    sampleColumns: Type.Object(
      {
        image: text('names the image file', 'image'),
        split: optionalColumn('the part that the image belongs to, for data.split'),
        patient: optionalColumn('identifies the patient'),
        spacingXMm: optionalColumn('width of a pixel in mm'),
        spacingYMm: optionalColumn('height of a pixel in mm'),
      },
      { ...closed, description: 'columns of the table of images; null where there is none', default: {} },
    ),
    landmarkNames: optional(
      Type.Array(Type.String({ minLength: 1 }), { minItems: 1, uniqueItems: true }),
      'names of the landmarks in order, where the table numbers them or to choose the order; null takes those of the table',
    ),
    mirrorPairs,
    edges,
    spacingMm: optional(
      Type.Number({ exclusiveMinimum: 0 }),
      'side of a pixel in mm, for images that nothing else tells it of',
    ),
    maxMegapixels,
  };
}

export type AnnotatedFolderSettings = Static<TObject<ReturnType<typeof annotatedFolderOptions>>>;
