import { definePlugin } from '../../core/plugins/definition.ts';
import { DicomOptions } from './dicom/options.ts';

/**
 * Grey images of DICOM files, tables of landmarks as for `landmark-csv`. Headers are read at the start, pixels when they
 * are asked for.
 *
 * Libraries: dicom-parser gives offsets into the bytes without copying or interpreting them, and stops at the pixels.
 * dcmjs-codecs alone of npm's packages decodes JPEG of 8, 12 and 16 bits, lossless too, JPEG-LS and JPEG 2000
 * (Cornerstone's codecs lack 12-bit JPEG): one WebAssembly that needs no installation script and no network.
 */
export const dicom = definePlugin({
  kind: 'dataset',
  type: 'dicom',
  summary:
    'a folder of DICOM radiographs and a CSV table of landmarks; spacing and patient come from the files',
  source: 'DICOM PS3.3 (C.7.6.3, C.11), PS3.5 (annexes A, G), PS3.10',
  options: DicomOptions,
  async create(settings, { baseDirectory }) {
    const [{ loadAnnotatedFolder }, { dicomFormat }] = await Promise.all([
      import('../../core/data/annotated-folder/load.ts'),
      import('./dicom/format.ts'),
    ]);
    return loadAnnotatedFolder(settings, dicomFormat(settings), baseDirectory);
  },
});
