import { definePlugin } from '../../core/plugins/definition.ts';
import { LabelmeOptions } from './labelme/options.ts';

/**
 * Files of the annotation tool Labelme: one JSON an image, whose shapes of type `point` are the landmarks; other shapes
 * are left alone. Labelme measures from the outer corner of the first pixel (its canvas is continuous and the image
 * begins at 0), so half a pixel is taken off; `pixelOrigin: centre` leaves the numbers as they are.
 */
export const labelme = definePlugin({
  kind: 'dataset',
  type: 'labelme',
  summary:
    'a folder of Labelme JSON files with points, whose images lie beside them or inside; the label names the landmark',
  source: 'Wada, Labelme: image polygonal annotation with Python (github.com/wkentaro/labelme)',
  options: LabelmeOptions,
  async create(options, { baseDirectory }) {
    const { loadLabelme } = await import('./labelme/load.ts');
    return loadLabelme(options, baseDirectory);
  },
});
