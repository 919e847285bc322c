import { BatchLoader } from '../data/loader.ts';
import { closePixels } from '../data/stored-pixels.ts';
import { openEngine } from '../engine/open.ts';
import { resolveStage } from '../recipe/schema.ts';
import { Predictor } from '../training/inference.ts';
import { StageTrainer } from '../training/stage.ts';
import { prepareExperiment } from './experiment.ts';
import { firstWeights } from './first-weights.ts';
import { readingFor } from './reading-for.ts';
import type { RunRequest } from './run.ts';
import { makeStageParts } from './stage-parts.ts';
import { firstStart } from './stage-start.ts';
import { batchThreads } from './train.ts';

/**
 * Does everything that a run does up to its first step: reads the data, builds the model and takes one step of each
 * stage from fresh weights. Writes nothing.
 * @throws {FsxError} what a run would throw.
 */
export async function dryRun({ loaded, registryModule, listener }: RunRequest): Promise<void> {
  const { recipe, pluginFiles } = loaded;
  const engine = await openEngine(recipe.engine);
  listener({ kind: 'notice', message: `engine: ${engine.name}, ${engine.description} (${engine.reason})` });
  const experiment = await prepareExperiment(loaded, readingFor(listener, registryModule));
  const { model, plugins, store, meanShape, positions } = experiment;
  const sizes = Object.entries(positions).map(([use, images]) => `${images.length} ${use}`);
  listener({ kind: 'notice', message: `images: ${sizes.join(', ')}` });
  listener({
    kind: 'notice',
    message: `model: ${model.layout.parameterCount.toLocaleString('en')} parameters`,
  });
  const weights = await firstWeights(experiment, loaded.baseDirectory, listener);
  const predictor = new Predictor(engine, model, store.size, meanShape);
  const onProgress = (done: number, total: number) =>
    listener({ kind: 'preparing', what: 'unlabeled images', done, total });
  const threads = batchThreads(experiment, { registryModule, pluginPaths: pluginFiles });
  for (const index of recipe.stages.keys()) {
    const stage = resolveStage(recipe, index);
    const parts = makeStageParts(plugins, stage);
    const start = await firstStart(experiment, stage, parts, { predictor, weights, onProgress });
    const trainer = new StageTrainer(engine, model, stage, parts, meanShape, start);
    const loader = new BatchLoader(threads, { plan: index, firstStep: 0, endStep: 1 });
    const startMs = performance.now();
    const { loss } = await trainer.advance(await loader.next());
    const seconds = ((performance.now() - startMs) / 1000).toFixed(2);
    listener({
      kind: 'notice',
      message: `stage ${stage.name}: one step, loss ${loss?.toFixed(4)}, ${seconds} s`,
    });
    trainer.dispose();
  }
  await threads.close();
  closePixels(store);
  listener({ kind: 'notice', message: 'The recipe runs. Nothing was written.' });
}
