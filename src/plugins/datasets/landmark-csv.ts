import { type Static, Type } from 'typebox';
import type { ImageFormat } from '../../core/data/annotated-folder/image-format.ts';
import { annotatedFolderOptions } from '../../core/data/annotated-folder/options.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const IMAGE_FILE = /\.(png|jpe?g|tiff?)$/i;

const options = Type.Object(annotatedFolderOptions('PNG, JPEG or TIFF'), { additionalProperties: false });

export const landmarkCsv = definePlugin({
  kind: 'dataset',
  type: 'landmark-csv',
  summary: 'a folder of images and a CSV table of landmarks, long or wide; missing landmarks are left empty',
  options,
  async create(settings, { baseDirectory }) {
    const { loadAnnotatedFolder } = await import('../../core/data/annotated-folder/load.ts');
    return loadAnnotatedFolder(settings, await rasterFormat(settings), baseDirectory);
  },
});

async function rasterFormat({ maxMegapixels }: Static<typeof options>): Promise<ImageFormat> {
  // Image decoding is loaded when a dataset is, not when plugins are listed.
  const { decodeGrey, readImageSize } = await import('../../core/data/decode.ts');
  return {
    name: 'PNG, JPEG or TIFF image',
    accepts: (path) => IMAGE_FILE.test(path),
    describe: (path) => readImageSize(path, { maxMegapixels }),
    read: (path) => decodeGrey(path, { maxMegapixels }),
  };
}
