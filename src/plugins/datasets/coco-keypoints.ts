import { definePlugin } from '../../core/plugins/definition.ts';
import { CocoKeypointsOptions } from './coco-keypoints/options.ts';

/**
 * COCO's keypoint format: `images`, `annotations` whose `keypoints` are [x, y, visibility, …], and `categories` that name
 * them and join them by a `skeleton`. COCO's keypoints are whole pixel numbers from 0, that is, positions from the
 * centre of the first pixel; tools that measure from the corner of the image need `pixelOrigin: corner`.
 */
export const cocoKeypoints = definePlugin({
  kind: 'dataset',
  type: 'coco-keypoints',
  summary:
    'a folder of images and COCO JSON with keypoints, one annotation an image; images without are unlabeled',
  source: 'Lin et al., Microsoft COCO: Common Objects in Context (ECCV 2014); cocodataset.org/#format-data',
  options: CocoKeypointsOptions,
  async create(options, { baseDirectory }) {
    const { loadCocoKeypoints } = await import('./coco-keypoints/load.ts');
    return loadCocoKeypoints(options, baseDirectory);
  },
});
