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
import { cocoKeypoints } from './plugins/datasets/coco-keypoints.ts';
import { dicom } from './plugins/datasets/dicom.ts';
import { handAtlas } from './plugins/datasets/hand-atlas.ts';
import { handPhantom } from './plugins/datasets/hand-phantom.ts';
import { isbi2015Ceph } from './plugins/datasets/isbi2015-ceph.ts';
import { labelme } from './plugins/datasets/labelme.ts';
import { landmarkCsv } from './plugins/datasets/landmark-csv.ts';
import { pelvisPhantom } from './plugins/datasets/pelvis-phantom.ts';
import { dag } from './plugins/graph-heads/dag.ts';
import { dagFixed } from './plugins/graph-heads/dag-fixed.ts';
import { gat } from './plugins/graph-heads/gat.ts';
import { heatmap } from './plugins/graph-heads/heatmap.ts';
import { regression } from './plugins/graph-heads/regression.ts';
import { scn } from './plugins/graph-heads/scn.ts';
import { softArgmax } from './plugins/graph-heads/soft-argmax.ts';
import { localLauncher } from './plugins/launchers/local.ts';
import { rayLauncher } from './plugins/launchers/ray.ts';
import { slurmLauncher } from './plugins/launchers/slurm.ts';
import { adaptiveWing } from './plugins/losses/adaptive-wing.ts';
import { dagLoss } from './plugins/losses/dag.ts';
import { globalMargin } from './plugins/losses/global-margin.ts';
import { heatmapMse } from './plugins/losses/heatmap-mse.ts';
import { jsDivergence } from './plugins/losses/js-divergence.ts';
import { l1 } from './plugins/losses/l1.ts';
import { laplaceNll } from './plugins/losses/laplace-nll.ts';
import { smoothL1 } from './plugins/losses/smooth-l1.ts';
import { wing } from './plugins/losses/wing.ts';
import { adamw } from './plugins/optimizers/adamw.ts';
import { constantSchedule } from './plugins/schedules/constant.ts';
import { warmupCosine } from './plugins/schedules/warmup-cosine.ts';
import { denseContrastive } from './plugins/ssl/dense-contrastive.ts';
import { elt } from './plugins/ssl/elt.ts';
import { fewShotDag } from './plugins/ssl/few-shot-dag.ts';
import { labelSharpening } from './plugins/ssl/label-sharpening.ts';
import { meanTeacher } from './plugins/ssl/mean-teacher.ts';
import { piModel } from './plugins/ssl/pi-model.ts';
import { pseudoLabel } from './plugins/ssl/pseudo-label.ts';
import { stac } from './plugins/ssl/stac.ts';
import { supervised } from './plugins/ssl/supervised.ts';
import { temporalEnsembling } from './plugins/ssl/temporal-ensembling.ts';
import { mlflowTracker } from './plugins/trackers/mlflow.ts';

/** The composition root: the one place that knows every built-in plugin. */
const BUILT_IN: readonly AnyPluginDefinition[] = [
  hrnet,
  unet,
  resnet,
  mobile,
  tiny,
  dag,
  dagFixed,
  gat,
  heatmap,
  scn,
  softArgmax,
  regression,
  supervised,
  fewShotDag,
  meanTeacher,
  piModel,
  temporalEnsembling,
  pseudoLabel,
  stac,
  elt,
  labelSharpening,
  denseContrastive,
  dagLoss,
  globalMargin,
  l1,
  smoothL1,
  wing,
  laplaceNll,
  heatmapMse,
  adaptiveWing,
  jsDivergence,
  chestPhantom,
  handPhantom,
  pelvisPhantom,
  landmarkCsv,
  dicom,
  cocoKeypoints,
  labelme,
  isbi2015Ceph,
  handAtlas,
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
  localLauncher,
  slurmLauncher,
  rayLauncher,
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
