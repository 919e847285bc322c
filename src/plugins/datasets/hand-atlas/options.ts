import { type Static, Type } from 'typebox';
import { closed, maxMegapixels, root, text } from '../../../core/data/annotated-folder/options.ts';

const Landmark = Type.Integer({ minimum: 0, maximum: 36 });

export const HandAtlasOptions = Type.Object(
  {
    root,
    images: text(
      'the folder of images, inside root; PNG, JPEG, TIFF or BMP, named by the id in the table. Convert .mha files first',
      'images',
    ),
    landmarks: text('the table of landmarks, inside root', 'setup/all.csv'),
    fold: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
      description:
        "a fold of Payer's cross-validation, whose lists cv/set<fold>/train.txt and test.txt lie beside the table and give the named splits train and test; null: no splits",
      default: null,
    }),
    wrist: Type.Tuple([Landmark, Landmark], {
      description:
        'the two landmarks, from 0, whose distance is the width of the wrist: 0 and 4 (Zhu et al. 2021), or 1 and 5 (the code of Payer et al.)',
      default: [0, 4],
    }),
    wristWidthMm: Type.Number({
      description: 'the width of every wrist in mm, from which the pixel spacing follows',
      default: 50,
      exclusiveMinimum: 0,
    }),
    maxMegapixels,
  },
  closed,
);

export type HandAtlasSettings = Static<typeof HandAtlasOptions>;
