import type { AnyPluginDefinition } from './core/plugins/definition.ts';
import { PluginRegistry } from './core/plugins/registry.ts';
import { providePluginApi, registerUserPlugins } from './core/plugins/user-plugins.ts';
import * as fsx from './index.ts';
import { affine } from './plugins/augmentations/affine.ts';
import { biasField } from './plugins/augmentations/bias-field.ts';
import { blur } from './plugins/augmentations/blur.ts';
import { contrast } from './plugins/augmentations/contrast.ts';
import { cutout } from './plugins/augmentations/cutout.ts';
import { elastic } from './plugins/augmentations/elastic.ts';
import { flip } from './plugins/augmentations/flip.ts';
import { gamma } from './plugins/augmentations/gamma.ts';
import { histogramMatch } from './plugins/augmentations/histogram-match.ts';
import { noise } from './plugins/augmentations/noise.ts';
import { hrnet } from './plugins/backbones/hrnet.ts';
import { mobile } from './plugins/backbones/mobile.ts';
import { resnet } from './plugins/backbones/resnet.ts';
import { tiny } from './plugins/backbones/tiny.ts';
import { unet } from './plugins/backbones/unet.ts';
import { chestPhantom } from './plugins/datasets/chest-phantom.ts';
import { landmarkCsv } from './plugins/datasets/landmark-csv.ts';
import { dag } from './plugins/graph-heads/dag.ts';
import { dagLoss } from './plugins/losses/dag.ts';
import { jsDivergence } from './plugins/losses/js-divergence.ts';
import { adamw } from './plugins/optimizers/adamw.ts';
import { constantSchedule } from './plugins/schedules/constant.ts';
import { warmupCosine } from './plugins/schedules/warmup-cosine.ts';
import { fewShotDag } from './plugins/ssl/few-shot-dag.ts';
import { supervised } from './plugins/ssl/supervised.ts';
import { mlflowTracker } from './plugins/trackers/mlflow.ts';

/** The composition root: the one place that knows every built-in plugin. */
const BUILT_IN: readonly AnyPluginDefinition[] = [
  hrnet,
  unet,
  resnet,
  mobile,
  tiny,
  dag,
  supervised,
  fewShotDag,
  dagLoss,
  jsDivergence,
  chestPhantom,
  landmarkCsv,
  affine,
  elastic,
  flip,
  gamma,
  contrast,
  biasField,
  histogramMatch,
  noise,
  blur,
  cutout,
  adamw,
  constantSchedule,
  warmupCosine,
  mlflowTracker,
];

/** This module, for threads that make the same registry by importing it. */
export const REGISTRY_MODULE = new URL(import.meta.url);

/**
 * The built-in plugins and those of some files of a user's.
 * @param pluginFiles absolute paths, as `LoadedRecipe.pluginFiles` lists them.
 * @throws {PluginError} for a file that cannot be loaded or takes a name that is taken.
 */
export async function createRegistry(pluginFiles: readonly string[] = []): Promise<PluginRegistry> {
  providePluginApi(fsx);
  const registry = new PluginRegistry();
  for (const definition of BUILT_IN) registry.register(definition);
  await registerUserPlugins(registry, pluginFiles);
  return registry;
}
