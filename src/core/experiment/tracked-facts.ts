import { createHash } from 'node:crypto';
import type { Environment } from '../recipe/environment.ts';
import type { Journal } from '../tracking/journal.ts';
import { collectSourceTags } from '../tracking/source-tags.ts';
import type { RunHeader } from './events.ts';
import { type Experiment, USES } from './experiment.ts';
import { runFamily } from './run-family.ts';
import { runNote } from './run-note.ts';

/** Tells the journal what the run is: its start, its params, its datasets. */
export async function trackStart(
  journal: Journal,
  header: RunHeader,
  experiment: Experiment,
  environment: Environment,
): Promise<void> {
  const { recipe } = experiment;
  // MLflow compares runs by the params that differ: what differs between any two is a name or a tag
  const { name: _, output: __, ...settings } = recipe;
  const params = {
    ...flatten(settings),
    'run.engine': header.engine,
    'run.engine_reason': header.engineReason,
    'run.parameters': String(header.parameters),
  };
  const run = {
    ...runFamily(environment, recipe.name),
    experiment: recipe.name,
    recipeHash: header.recipeHash,
    tags: {
      ...(await collectSourceTags(process.cwd())),
      'mlflow.source.name': header.recipeFile,
      'fsx.run_directory': header.runDirectory,
      'mlflow.note.content': runNote(header, recipe),
    },
  };
  journal.append({ kind: 'run-start', run });
  journal.append({ kind: 'params', params });
  for (const use of USES) trackDataset(journal, experiment, use);
  journal.sync();
}

function trackDataset(journal: Journal, { recipe, split }: Experiment, use: (typeof USES)[number]): void {
  const ids = split[use];
  if (ids.length === 0) return;
  const { type } = recipe.data.dataset;
  const digest = createHash('sha256').update(JSON.stringify(ids)).digest('hex').slice(0, 36);
  journal.append({
    kind: 'dataset',
    dataset: {
      name: `${type}-${use}`,
      context: use,
      digest,
      sourceType: 'fsx',
      source: type,
      size: ids.length,
    },
  });
}

/** `{ a: { b: [1, 2] } }` -> `{ 'a.b.0': '1', 'a.b.1': '2' }`. */
export function flatten(value: unknown, prefix = ''): Record<string, string> {
  if (value === null || typeof value !== 'object') return { [prefix]: String(value) };
  const entries = Object.entries(value);
  if (entries.length === 0) return { [prefix]: Array.isArray(value) ? '[]' : '{}' };
  const parts = entries.map(([key, inner]) => flatten(inner, prefix === '' ? key : `${prefix}.${key}`));
  return Object.assign({}, ...parts) as Record<string, string>;
}
