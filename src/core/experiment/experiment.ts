import type { Dataset, Sample } from '../data/dataset.ts';
import { type ImageStore, type ImageStoreOptions, loadImageStore } from '../data/image-store.ts';
import { meanShape } from '../data/mean-shape.ts';
import { type Split, splitSamples } from '../data/split.ts';
import { withoutTestCopies } from '../data/test-copies.ts';
import { buildModel, type LandmarkModel } from '../nn/landmark-model.ts';
import type { PluginRegistry } from '../plugins/registry.ts';
import type { LoadedRecipe } from '../recipe/load.ts';
import type { Recipe } from '../recipe/schema.ts';
import { refuseUnpairedFlip } from './test-time-views.ts';

/** What an image is used for. */
export type Use = keyof Split;

export const USES = ['labeled', 'unlabeled', 'validation', 'test'] as const satisfies readonly Use[];

/** A recipe made real: its images in memory, divided by use, and its model declared. */
export interface Experiment {
  readonly recipe: Recipe;
  readonly plugins: PluginRegistry;
  readonly dataset: Dataset;
  readonly split: Split;
  /** Copies of test images, which no other part has. */
  readonly leftOut: readonly string[];
  readonly samples: ReadonlyMap<string, Sample>;
  readonly store: ImageStore;
  /** Positions in the store. */
  readonly positions: Readonly<Record<Use, readonly number[]>>;
  /** `[landmarks, 2]`, in the frame: the mean of the labeled images. */
  readonly meanShape: Float32Array;
  readonly model: LandmarkModel;
}

export type ExperimentSource = Pick<LoadedRecipe, 'recipe' | 'registry' | 'baseDirectory'>;

/** How images are read, and who hears of it. */
export interface ImageReading extends Pick<ImageStoreOptions, 'onProgress' | 'onWait'> {
  /** See `TrainingContext`; without it images are read in this thread alone. */
  readonly registryModule?: string;
}

/**
 * Reads the data, divides it and declares the model.
 * @throws {DataError} for data that cannot be used, {PluginError} for plugins.
 */
export async function prepareExperiment(
  loaded: ExperimentSource & Pick<LoadedRecipe, 'pluginFiles'>,
  { registryModule, ...hearing }: ImageReading = {},
): Promise<Experiment> {
  const { recipe, registry: plugins, baseDirectory, pluginFiles: pluginPaths } = loaded;
  const dataset = await plugins.create('dataset', recipe.data.dataset, { baseDirectory });
  refuseUnpairedFlip(recipe.evaluation.flip, dataset);
  const { split: request, image } = recipe.data;
  const drawn = splitSamples(dataset.samples, request, request.seed ?? recipe.seed);
  const samples = new Map(dataset.samples.map((sample) => [sample.id, sample]));
  const ids = USES.flatMap((use) => drawn[use]);
  const [height, width] = image.size;
  const store = await loadImageStore(
    dataset,
    ids.map((id) => samples.get(id)!),
    {
      ...{ size: { width, height }, fit: image.fit, oversample: image.oversample },
      ...hearing,
      ...(registryModule !== undefined && {
        source: { dataset: recipe.data.dataset, baseDirectory, registryModule, pluginPaths },
      }),
    },
  );
  const { split, leftOut } = withoutTestCopies(store, drawn, request);
  const positions = positionsByUse(split, ids);
  const shape = meanShape(store, positions.labeled, dataset.landmarkNames);
  const anatomy = { landmarkCount: store.landmarkCount, meanShape: shape, edges: dataset.edges };
  return {
    recipe,
    plugins,
    dataset,
    split,
    leftOut,
    samples,
    store,
    positions,
    meanShape: shape,
    model: buildModel(plugins, recipe.model, anatomy),
  } satisfies Experiment;
}

function positionsByUse(split: Split, ids: readonly string[]): Experiment['positions'] {
  const position = new Map(ids.map((id, index) => [id, index]));
  const entries = USES.map((use) => [use, split[use].map((id) => position.get(id)!)]);
  return Object.fromEntries(entries) as Experiment['positions'];
}
