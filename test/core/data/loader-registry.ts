import { Type } from 'typebox';
import { DataError } from '../../../src/core/errors.ts';
import { definePlugin } from '../../../src/core/plugins/definition.ts';
import { PluginRegistry } from '../../../src/core/plugins/registry.ts';
import { affine } from '../../../src/plugins/augmentations/affine.ts';
import { flip } from '../../../src/plugins/augmentations/flip.ts';
import { histogramMatch } from '../../../src/plugins/augmentations/histogram-match.ts';
import { noise } from '../../../src/plugins/augmentations/noise.ts';
import { landmarkCsv } from '../../../src/plugins/datasets/landmark-csv.ts';

/** Works for a while, then meets data that it cannot take. */
const failing = definePlugin({
  kind: 'augmentation',
  type: 'failing',
  summary: 'fails after some images',
  options: Type.Object({ after: Type.Integer({ description: 'images that work', default: 4 }) }),
  create({ after }) {
    let images = 0;
    return {
      intensity() {
        if (++images > after) throw new DataError('FSX_TEST', 'no more images', { suggestion: 'Stop here.' });
      },
    };
  },
});

/** What a loader's worker thread imports; the one path that it takes registers the failing plugin. */
export async function createRegistry(pluginPaths: readonly string[]): Promise<PluginRegistry> {
  const registry = new PluginRegistry();
  for (const plugin of [affine, flip, histogramMatch, landmarkCsv, noise]) registry.register(plugin);
  if (pluginPaths.includes('failing')) registry.register(failing, 'a test');
  return registry;
}
