import { readFile } from 'node:fs/promises';
import { RunError } from '../errors.ts';
import type { Conformal, MetricsFile } from '../evaluation/metrics-schema.ts';
import type { LengthUnit } from '../evaluation/radial-error.ts';
import type { Weights } from '../training/state.ts';
import { runOfCheckpoint, type TrainedModel } from './trained-model.ts';

/** How far a true landmark may lie from a predicted one, by landmark. */
export interface KnownRadii {
  /** Share of the true landmarks that lie within. */
  readonly level: number;
  readonly unit: LengthUnit;
  /** In `unit`, in the order of the model's landmarks; null where it is infinite. */
  readonly radii: readonly (number | null)[];
  /** Why they are infinite. */
  readonly notice?: string;
}

/**
 * The error radii that the run of a checkpoint has measured for this very checkpoint (`metrics.json`).
 * @returns nothing where the checkpoint lies in no run, or the run evaluated another one.
 * @throws {RunError} FSX_METRICS_UNREADABLE when the file of the run is damaged.
 */
export async function knownRadii(trained: TrainedModel, network: Weights): Promise<KnownRadii | undefined> {
  const { metrics: file } = runOfCheckpoint(trained.checkpointFile);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { checkpoint, conformal } = parseMetrics(file, text);
  const { stage, step, recipe, landmarkNames } = trained.facts;
  const measured = checkpoint?.stage === recipe.stages[stage]!.name && checkpoint.step === step;
  return measured && conformal !== undefined ? radiiOf(conformal, network, landmarkNames) : undefined;
}

function parseMetrics(file: string, text: string): MetricsFile {
  try {
    return JSON.parse(text) as MetricsFile;
  } catch (cause) {
    throw new RunError('FSX_METRICS_UNREADABLE', `${file} is not JSON: ${(cause as Error).message}`, {
      suggestion: 'Predict with a copy of the checkpoint outside its run; error radii are then left out.',
      cause,
    });
  }
}

function radiiOf(conformal: Conformal, network: Weights, landmarkNames: readonly string[]): KnownRadii {
  const { level, unit, notice } = conformal;
  const byName = new Map(conformal[network].landmarks.map(({ name, radius }) => [name, radius]));
  return {
    ...{ level, unit },
    radii: landmarkNames.map((name) => byName.get(name) ?? null),
    ...(notice === undefined ? {} : { notice }),
  };
}
