import { type Static, Type } from 'typebox';
import { annotatedFolderOptions } from '../../../core/data/annotated-folder/options.ts';

const closed = { additionalProperties: false } as const;

const WindowFunction = Type.Union(
  [Type.Literal('linear'), Type.Literal('linear_exact'), Type.Literal('sigmoid')],
  { description: 'VOI LUT Function (0028,1056)', default: 'linear' },
);

const FixedWindow = Type.Object(
  {
    center: Type.Number({ description: 'centre, in values after the modality rescale' }),
    width: Type.Number({ description: 'width, in values after the modality rescale', exclusiveMinimum: 0 }),
    function: Type.Optional(WindowFunction),
  },
  closed,
);

export const DicomOptions = Type.Object(
  {
    ...annotatedFolderOptions('DICOM files, whatever their extension'),
    window: Type.Union([Type.Literal('file'), Type.Literal('full'), FixedWindow], {
      description:
        'which values become black and white; file: the first window of the file, else its VOI LUT, else full; full: the whole range of Bits Stored; or a window of your own',
      default: 'file',
    }),
    frames: Type.Union([Type.Literal('single'), Type.Literal('first')], {
      description: 'single: files of several frames are refused; first: their first frame is the image',
      default: 'single',
    }),
    maxDecodeSeconds: Type.Number({
      description: 'a file whose pixels take longer to decode is refused',
      default: 60,
      exclusiveMinimum: 0,
    }),
  },
  closed,
);

export type DicomSettings = Static<typeof DicomOptions>;
