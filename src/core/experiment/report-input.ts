import { readFile } from 'node:fs/promises';
import type { Point } from '../data/dataset.ts';
import { type ReportCase, type StageFacts, writeReport } from '../evaluation/report/report.ts';
import { trainingCurves } from '../evaluation/report/training-curves.ts';
import type { Recipe } from '../recipe/schema.ts';
import { type JournalEntry, readJournal } from '../tracking/journal-file.ts';
import type { Checkpoint } from '../training/checkpoint.ts';
import type { EvaluationResult } from './evaluation.ts';
import type { RunHeader } from './events.ts';
import type { Experiment } from './experiment.ts';
import type { RunDirectory } from './run-directory.ts';

export interface RunReportParts {
  readonly experiment: Experiment;
  readonly header: RunHeader;
  readonly result: EvaluationResult;
  readonly cases: readonly ReportCase[];
  /** The one that was evaluated. */
  readonly checkpoint: Checkpoint;
}

/** Gathers what a run's report shows and writes it. */
export async function writeRunReport(directory: RunDirectory, parts: RunReportParts): Promise<void> {
  const { experiment, header, result, cases, checkpoint } = parts;
  const { recipe, dataset } = experiment;
  const { entries } = readJournal(directory.path);
  await writeReport(directory.path, {
    facts: {
      ...header,
      recipeHash: header.recipeHash.slice(0, 12),
      engine: `${header.engine} (${header.engineReason})`,
      parameterCount: header.parameters,
      dataset: recipe.data.dataset.type,
      stages: stageFacts(recipe, entries),
    },
    landmarkNames: dataset.landmarkNames,
    metrics: result.metrics,
    predictions: result.predictions,
    curves: trainingCurves(entries.map(({ item }) => item)),
    edgeMatrices: edgeMatrices(experiment, checkpoint),
    meanShape: shapeInWorkingPixels(experiment),
    cases,
    recipe: await readFile(directory.recipe, 'utf8'),
  });
}

/** Seconds of each stage, by the first and last line that it logged. */
function stageFacts(recipe: Recipe, entries: readonly JournalEntry[]): StageFacts[] {
  let end = 0;
  return recipe.stages.map(({ name, steps }) => {
    const start = end;
    end += steps;
    const times = entries
      .filter(({ item }) => item.kind === 'metrics' && 'train/loss' in item.metrics)
      .filter(({ item }) => item.kind === 'metrics' && item.step > start && item.step <= end)
      .map(({ timestampMs }) => timestampMs);
    const seconds = times.length === 0 ? 0 : (times.at(-1)! - times[0]!) / 1000;
    return { name, steps, seconds };
  });
}

function edgeMatrices({ model }: Experiment, { tensors }: Checkpoint) {
  return model.head.edgeMatrices.map((name) => {
    const { shape, values } = tensors.get(`teacher.${name}`)!;
    const [rows, columns] = shape as [number, number];
    const row = (index: number) => [...values.subarray(index * columns, (index + 1) * columns)];
    return {
      name: name.replace(/^head\./, ''),
      weights: Array.from({ length: rows }, (_, index) => row(index)),
    };
  });
}

function shapeInWorkingPixels({ meanShape, store }: Experiment): Point[] {
  const { width, height } = store.size;
  return Array.from({ length: meanShape.length / 2 }, (_, landmark) => [
    meanShape[landmark * 2]! * width,
    meanShape[landmark * 2 + 1]! * height,
  ]);
}
