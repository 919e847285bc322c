import { createRegistry } from '../composition.ts';
import type { EngineChoice } from '../core/engine/engine.ts';
import { openTrainedModel, type TrainedModel } from '../core/experiment/trained-model.ts';

interface ModelFlags {
  readonly checkpoint: string | undefined;
  readonly engine: EngineChoice['type'] | undefined;
}

/** Opens the run folder or checkpoint that a command line names. */
export function openModel(target: string, { checkpoint, engine }: ModelFlags): Promise<TrainedModel> {
  return openTrainedModel({
    ...{ target, createRegistry },
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...(engine === undefined ? {} : { engine }),
  });
}
