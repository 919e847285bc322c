import { Type } from 'typebox';
import { annotatedFolderOptions } from '../../core/data/annotated-folder/options.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(annotatedFolderOptions('PNG, JPEG, TIFF or BMP'), {
  additionalProperties: false,
});

export const landmarkCsv = definePlugin({
  kind: 'dataset',
  type: 'landmark-csv',
  summary: 'a folder of images and a CSV table of landmarks, long or wide; missing landmarks are left empty',
  options,
  async create(settings, { baseDirectory }) {
    // Image decoding is loaded when a dataset is, not when plugins are listed.
    const { loadAnnotatedFolder } = await import('../../core/data/annotated-folder/load.ts');
    const { rasterFormat } = await import('../../core/data/annotated-folder/raster-format.ts');
    return loadAnnotatedFolder(settings, rasterFormat(settings.maxMegapixels), baseDirectory);
  },
});
