import type { ResolvedStage } from '../recipe/schema.ts';
import { type Checkpoint, restoreState } from '../training/checkpoint.ts';
import type { StageParts, StageStart } from '../training/stage.ts';
import { stateFrom, stateLayout } from '../training/state.ts';
import type { Experiment } from './experiment.ts';
import { type SurveyingNetwork, surveyOf } from './survey.ts';

/** A stage before its first step: its networks as given, its memories as the strategy's survey by that network fills them. */
export async function firstStart(
  experiment: Experiment,
  stage: ResolvedStage,
  parts: StageParts,
  network: SurveyingNetwork,
): Promise<StageStart> {
  const facts = startingFacts(experiment, stage, parts);
  const found = (await parts.strategy.survey?.(surveyOf(experiment, network))) ?? {};
  const memories = Object.entries(found).map(([name, table]) => [`memory.${name}`, table]);
  const state = { ...stateFrom(network.weights, facts.layout), ...Object.fromEntries(memories) };
  return { ...facts, state, step: 0 };
}

/** A stage that goes on from a checkpoint. */
export function resumedStart(
  experiment: Experiment,
  stage: ResolvedStage,
  parts: StageParts,
  checkpoint: Checkpoint,
): StageStart {
  const facts = startingFacts(experiment, stage, parts);
  return { ...facts, state: restoreState(checkpoint, facts.layout), step: checkpoint.facts.step };
}

function startingFacts({ model, store, positions }: Experiment, stage: ResolvedStage, parts: StageParts) {
  const unlabeled = positions.unlabeled.length;
  return {
    layout: stateLayout(model.layout, parts, store.landmarkCount, unlabeled),
    freshStart: stage.from === null,
    unlabeledCount: parts.strategy.usesUnlabeled ? unlabeled : 0,
  };
}
