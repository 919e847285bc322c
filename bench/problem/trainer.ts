import type { Engine } from '../../src/core/engine/engine.ts';
import { StageTrainer } from '../../src/core/training/stage.ts';
import { stateFrom, stateLayout } from '../../src/core/training/state.ts';
import type { Problem } from './problem.ts';

/** A problem's stage before its first step, as a run trains it. */
export function trainerOf(
  engine: Engine,
  { model, stage, parts, meanShape, weights, unlabeledImages: unlabeledCount }: Problem,
): StageTrainer {
  const landmarks = meanShape.length / 2;
  const layout = stateLayout(model.layout, parts, landmarks, unlabeledCount);
  const state = stateFrom(weights, layout);
  return new StageTrainer(engine, model, stage, parts, meanShape, {
    ...{ layout, state, step: 0, freshStart: false, unlabeledCount },
  });
}
