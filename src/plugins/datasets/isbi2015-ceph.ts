import { definePlugin } from '../../core/plugins/definition.ts';
import { Isbi2015CephOptions } from './isbi2015-ceph/options.ts';

/**
 * The cephalometric data of the ISBI 2015 challenge as they were published: `RawImage/TrainingData/001.bmp` and on, and
 * `AnnotationsByMD/400_senior/001.txt` with a line `x,y` for each of 19 landmarks (the anatomical types that follow
 * are left alone). The positions are whole pixel numbers from 0, the images 1935 x 2400 pixels of 0.1 mm. Its images
 * show one patient each.
 */
export const isbi2015Ceph = definePlugin({
  kind: 'dataset',
  type: 'isbi2015-ceph',
  summary:
    'the 400 lateral cephalograms of the ISBI 2015 challenge with 19 landmarks, as they were published',
  source:
    'Wang et al., A benchmark for comparison of dental radiography analysis algorithms (Medical Image Analysis 2016); annotations of Lindner et al. (Scientific Reports 2016)',
  options: Isbi2015CephOptions,
  async create(options, { baseDirectory }) {
    const { loadIsbi2015Ceph } = await import('./isbi2015-ceph/load.ts');
    return loadIsbi2015Ceph(options, baseDirectory);
  },
});
