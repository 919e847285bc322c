import { definePlugin } from '../../core/plugins/definition.ts';
import { LandmarkCsvOptions } from './landmark-csv/options.ts';

export const landmarkCsv = definePlugin({
  kind: 'dataset',
  type: 'landmark-csv',
  summary: 'a folder of images and a CSV table of landmarks, long or wide; missing landmarks are left empty',
  options: LandmarkCsvOptions,
  async create(options, { baseDirectory }) {
    // Image decoding is loaded when a dataset is, not when plugins are listed.
    const { loadLandmarkCsv } = await import('./landmark-csv/load.ts');
    return loadLandmarkCsv(options, baseDirectory);
  },
});
