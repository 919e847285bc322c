import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { metricsTable, predictionsTable } from '../evaluation/result-tables.ts';
import { trackedResult } from '../evaluation/tracked-metrics.ts';
import { stepOfRun } from '../recipe/schema.ts';
import type { Journal } from '../tracking/journal.ts';
import { RESULT_STEP } from '../tracking/tracker.ts';
import type { CheckpointFacts } from '../training/checkpoint.ts';
import type { EvaluationResult } from './evaluation.ts';
import type { RunHeader } from './events.ts';
import type { Experiment } from './experiment.ts';
import type { RunDirectory } from './run-directory.ts';
import { resultNote, runNote } from './run-note.ts';

/** Tells the journal how good the run became. */
export function trackMetrics(
  journal: Journal,
  header: RunHeader,
  { recipe }: Experiment,
  { metrics }: EvaluationResult,
): void {
  journal.append({ kind: 'metrics', step: RESULT_STEP, metrics: trackedResult(metrics) });
  const note = `${runNote(header, recipe)}\n\n${resultNote(metrics)}`;
  journal.append({ kind: 'tags', tags: { 'mlflow.note.content': note } });
  journal.sync();
}

/** Writes the tables of a run. */
export async function writeTables(
  directory: RunDirectory,
  { dataset }: Experiment,
  { predictions, metrics }: EvaluationResult,
): Promise<void> {
  const tables = {
    [directory.metricsTable]: metricsTable(metrics),
    [directory.predictionsTable]: predictionsTable(predictions, dataset.landmarkNames),
  };
  for (const [file, table] of Object.entries(tables)) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(table));
  }
}

/**
 * Tells the journal which files of the run are worth keeping elsewhere, and its model.
 * @param checkpoint name of the one that was evaluated.
 */
export function trackFiles(
  journal: Journal,
  directory: RunDirectory,
  overlays: readonly string[],
  model: { readonly name: string; readonly checkpoint: string; readonly facts: CheckpointFacts },
): void {
  const inRun = (path: string) => relative(directory.path, path).replaceAll('\\', '/');
  const { recipe, split, environment, metrics, predictions, report } = directory;
  const files = [recipe, split, environment, metrics, predictions, report].map(inRun);
  for (const file of [...files, ...overlays]) journal.append({ kind: 'artifact', path: file, file });
  for (const table of [directory.metricsTable, directory.predictionsTable].map(inRun)) {
    journal.append({ kind: 'table', path: table, file: table });
  }
  trackModel(journal, directory, model);
}

function trackModel(
  journal: Journal,
  directory: RunDirectory,
  { name, checkpoint, facts }: Parameters<typeof trackFiles>[3],
): void {
  const { recipe, landmarkNames, stage, step } = facts;
  const weights = `${checkpoint}.safetensors`;
  journal.append({
    kind: 'model',
    model: {
      name,
      step: stepOfRun(recipe, stage, step),
      files: [
        { path: weights, file: join('checkpoints', weights).replaceAll('\\', '/') },
        { path: 'recipe.resolved.yaml', file: relative(directory.path, directory.recipe) },
      ],
      flavor: {
        checkpoint: weights,
        format: 'safetensors',
        backbone: recipe.model.backbone.type,
        head: recipe.model.head.type,
        landmarks: landmarkNames.length,
        stage: recipe.stages[stage]!.name,
      },
    },
  });
}
