import { fileURLToPath } from 'node:url';
import { createRegistry } from '../../src/composition.ts';
import { makeBatch } from '../../src/core/data/batch.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import type { EvaluatedPrediction } from '../../src/core/evaluation/prediction.ts';
import { mean, meanError, radialErrors } from '../../src/core/evaluation/radial-error.ts';
import { type Experiment, prepareExperiment } from '../../src/core/experiment/experiment.ts';
import { predictImages, predictShape } from '../../src/core/experiment/predict.ts';
import { makeStageParts } from '../../src/core/experiment/stage-parts.ts';
import { firstStart } from '../../src/core/experiment/stage-start.ts';
import { batchPlan } from '../../src/core/experiment/train.ts';
import { loadRecipe } from '../../src/core/recipe/load.ts';
import { type ResolvedStage, resolveStage } from '../../src/core/recipe/schema.ts';
import { Predictor } from '../../src/core/training/inference.ts';
import { StageTrainer } from '../../src/core/training/stage.ts';
import { freshWeights, type NetworkVectors, weightsOf } from '../../src/core/training/state.ts';

const RECIPE = fileURLToPath(new URL('../recipes/learning.yaml', import.meta.url));

/**
 * Trains the recipe with some values changed (as `--set` takes them), all its stages one after the other, and measures
 * the teacher on images that it has not seen.
 * @returns the mean radial error as a part of the mean shape's.
 */
export async function errorAfterTraining(engine: Engine, overrides: readonly string[]): Promise<number> {
  const loaded = await loadRecipe(RECIPE, { createRegistry: () => createRegistry(), overrides });
  const experiment = await prepareExperiment(loaded);
  const { recipe, model, store, meanShape, positions } = experiment;
  let weights: NetworkVectors = freshWeights(model.layout, recipe.seed);
  for (const index of recipe.stages.keys()) {
    weights = await trainStage(engine, experiment, resolveStage(recipe, index), weights);
  }
  const predictor = new Predictor(engine, model, store.size, meanShape);
  const plainView = { views: 0, flip: false, seed: recipe.seed };
  const found = await predictImages(experiment, positions.test, predictor, weights, plainView);
  return errorPx(found) / errorPx(predictShape(experiment, positions.test, meanShape));
}

/** @returns the teacher's weights. */
async function trainStage(
  engine: Engine,
  experiment: Experiment,
  stage: ResolvedStage,
  weights: NetworkVectors,
): Promise<NetworkVectors> {
  const { model, plugins, recipe, store, meanShape } = experiment;
  const parts = makeStageParts(plugins, stage);
  const predictor = new Predictor(engine, model, store.size, meanShape);
  const network = { predictor, weights, onProgress: () => undefined };
  const start = await firstStart(experiment, stage, parts, network);
  const trainer = new StageTrainer(engine, model, stage, parts, meanShape, start);
  const make = (pipeline: Experiment['recipe']['augmentation']['strong']) =>
    pipeline.map((reference) => plugins.create('augmentation', reference, {}));
  const pipelines = { weak: make(recipe.augmentation.weak), strong: make(recipe.augmentation.strong) };
  const plan = batchPlan(experiment, stage, parts);
  for (let step = 0; step < stage.steps; step++) {
    await trainer.advance(makeBatch(store, plan, pipelines, step));
  }
  const trained = weightsOf(await trainer.readState(), 'teacher');
  trainer.dispose();
  return trained;
}

function errorPx(predictions: readonly EvaluatedPrediction[]): number {
  return mean(predictions.map((prediction) => meanError(radialErrors(prediction, 'px'))!));
}
