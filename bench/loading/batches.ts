import { resolveStage } from '../../src/core/recipe/schema.ts';
import { built } from './built.ts';

const RECIPE = 'recipes/base/few-shot-dag.yaml';
/** Of the recipe: the teacher-student stage, which needs the most views. */
const STAGE = 1;

export interface BatchSpeed {
  readonly sizePx: number;
  /** Of labeled images, and two of each unlabeled one. */
  readonly viewsPerBatch: number;
  readonly viewsPerSecond: number;
}

/** How fast the loader's thread makes the batches of the recipe, at another size, when nobody else wants the processor. */
export async function batchSpeed(sizePx: number, batches: number): Promise<BatchSpeed> {
  const { createRegistry, REGISTRY_MODULE } =
    await built<typeof import('../../src/composition.ts')>('composition.js');
  const { loadRecipe } = await built<typeof import('../../src/core/recipe/load.ts')>('core/recipe/load.js');
  const { prepareExperiment } = await built<typeof import('../../src/core/experiment/experiment.ts')>(
    'core/experiment/experiment.js',
  );
  const { batchThreads } =
    await built<typeof import('../../src/core/experiment/train.ts')>('core/experiment/train.js');
  const { BatchLoader } = await built<typeof import('../../src/core/data/loader.ts')>('core/data/loader.js');
  const overrides = [
    `data.dataset.samples=48`,
    `data.dataset.size=${sizePx}`,
    `data.image.size=[${sizePx}, ${sizePx}]`,
    'data.split={ labeled: 5, validation: 0, test: 0 }',
  ];
  const loaded = await loadRecipe(RECIPE, { createRegistry: () => createRegistry(), overrides });
  const experiment = await prepareExperiment(loaded);
  const stage = resolveStage(loaded.recipe, STAGE);
  const threads = batchThreads(experiment, { registryModule: REGISTRY_MODULE.href, pluginPaths: [] });
  const loader = new BatchLoader(threads, { plan: STAGE, firstStep: 0, endStep: Number.POSITIVE_INFINITY });
  const take = async (count: number) => {
    for (let batch = 0; batch < count; batch++) await loader.next();
  };
  await take(Math.ceil(batches / 5));
  const startMs = performance.now();
  await take(batches);
  const seconds = (performance.now() - startMs) / 1000;
  await threads.close();
  const viewsPerBatch = stage.labeledBatch + 2 * stage.unlabeledBatch;
  return { sizePx, viewsPerBatch, viewsPerSecond: (batches * viewsPerBatch) / seconds };
}
