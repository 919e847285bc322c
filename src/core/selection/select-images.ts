import { stringify } from 'yaml';
import type { Dataset, Sample } from '../data/dataset.ts';
import { loadImageStore } from '../data/image-store.ts';
import { closePixels, pixelsOf } from '../data/stored-pixels.ts';
import { DataError } from '../errors.ts';
import type { ExperimentSource } from '../experiment/experiment.ts';
import { Random } from '../random.ts';
import type { Recipe } from '../recipe/schema.ts';
import {
  type CoverageStep,
  chooseGreedily,
  coverageOf,
  type Similarities,
  similaritiesOf,
} from './facility-location.ts';
import { gradientDescriptor } from './gradient-descriptor.ts';
import { type TrainingPool, trainingPool } from './training-pool.ts';

/** How images are chosen: so that they represent the pool, or at random, to compare with. */
export type SelectionMethod = 'coverage' | 'random';

export interface SelectionRequest {
  readonly count: number;
  readonly method: SelectionMethod;
  /** Of the random method. */
  readonly seed: number;
}

export interface ChosenImage extends CoverageStep {
  readonly id: string;
}

/** Images to label. */
export interface Selection {
  readonly method: SelectionMethod;
  /** Images that they were chosen from. */
  readonly pool: number;
  /** The most useful first. */
  readonly chosen: readonly ChosenImage[];
  /** What to put into `data.split`: these images, and the drawn parts as they are without them. */
  readonly split: TrainingPool['drawn'] & { readonly labeled: readonly string[] };
}

/** Long side of the images that are compared, in pixels. */
const COMPARED_SIZE = 128;

/**
 * Chooses the images of the training pool that are worth labeling; looks at pixels, never at a landmark. The idea, to
 * take the set whose most similar member resembles each image of the pool best, is of Quan et al., *Which images to label
 * for few-shot medical landmark detection?* (CVPR 2022). They compare patches by a network that is trained for it and try
 * random sets; here gradient histograms need no training, and the greedy choice has a guarantee.
 * @throws {DataError} FSX_DATA_TOO_FEW, or from the dataset and the split.
 */
export async function selectImages(
  { recipe, registry, baseDirectory }: ExperimentSource,
  { count, method, seed }: SelectionRequest,
  onProgress: (done: number, total: number) => void,
): Promise<{ selection: Selection; dataset: Dataset }> {
  const dataset = await registry.create('dataset', recipe.data.dataset, { baseDirectory });
  const { samples, drawn } = trainingPool(dataset, recipe);
  if (count > samples.length) throw tooFew(count, samples.length);
  const similarities = await compareImages(dataset, samples, recipe, onProgress);
  const positions =
    method === 'random'
      ? new Random(seed, 'selection').shuffle([...samples.keys()]).slice(0, count)
      : chooseGreedily(similarities, count);
  const steps = coverageOf(similarities, positions);
  const chosen = positions.map((position, k) => ({ id: samples[position]!.id, ...steps[k]! }));
  const split = { labeled: chosen.map(({ id }) => id), ...drawn };
  return { selection: { method, pool: samples.length, chosen, split }, dataset };
}

/** How like each other images are, as the network will see them. */
export async function compareImages(
  dataset: Dataset,
  samples: readonly Sample[],
  { data }: Recipe,
  onProgress?: (done: number, total: number) => void,
): Promise<Similarities> {
  const [height, width] = data.image.size;
  const scale = COMPARED_SIZE / Math.max(height, width);
  const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
  const store = await loadImageStore(dataset, samples, {
    ...{ size, fit: data.image.fit, oversample: 1 },
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const descriptors = samples.map((_, image) => gradientDescriptor(pixelsOf(store, image), size));
  closePixels(store);
  return similaritiesOf(descriptors);
}

/** The part of a recipe that takes the images, as YAML to paste. */
export function recipeSnippet({ method, pool, chosen, split }: Selection): string {
  const how = method === 'random' ? 'at random' : `for coverage (${chosen.at(-1)!.coverage.toFixed(3)})`;
  const lines = Object.entries(split).map(
    ([part, ids]) => `    ${part}: ${stringify(ids, { collectionStyle: 'flow', lineWidth: 0 })}`,
  );
  return `# ${chosen.length} of ${pool} training images, chosen ${how} by fsx data select\ndata:\n  split:\n${lines.join('')}`;
}

function tooFew(wanted: number, pool: number): DataError {
  return new DataError(
    'FSX_DATA_TOO_FEW',
    `${wanted} images are to be chosen, and the training pool of the recipe has ${pool}`,
    {
      suggestion: 'Ask for fewer with --count, or keep fewer apart (data.split.validation, data.split.test).',
    },
  );
}
