import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Journal } from '../../src/core/tracking/journal.ts';
import { readJournal } from '../../src/core/tracking/journal-file.ts';
import { DEFAULT_RETRY, type RetryOptions } from '../../src/core/tracking/mlflow/connection.ts';
import { parseServerAddress } from '../../src/core/tracking/mlflow/server-address.ts';
import { MlflowUploader } from '../../src/core/tracking/mlflow/uploader.ts';
import type { DeliveryReport, TrackedItem } from '../../src/core/tracking/tracker.ts';
import type { Fault } from './faulty-proxy.ts';
import { artifactOf, historyOf, type MlflowRest, type ReadRun, runsOf } from './mlflow-readback.ts';

const SIGN_IN = '<html><body>Sign in</body></html>';

/** What a server, or what stands before it, does to a request. */
export const SERVER_FAULTS: readonly (readonly [name: string, fault: Fault])[] = [
  ['cuts the connection', 'cut'],
  ['does what it is asked, and its answer is lost', 'lose-answer'],
  ['breaks off in the middle of an answer', 'cut-answer'],
  ['answers 500', { status: 500, body: '{"error_code":"INTERNAL_ERROR","message":"database is locked"}' }],
  ['answers 429 and asks to wait', { status: 429, headers: { 'retry-after': '0' }, body: '{}' }],
  ['answers 502 with a page', { status: 502, body: '<html><body>502 Bad Gateway</body></html>' }],
  ['answers 507, its disk is full', { status: 507, body: '' }],
  ['answers 200 with a sign-in page', { status: 200, body: SIGN_IN }],
  ['answers 200 with half of a JSON object', { status: 200, body: '{"run": {"info": {"run_i' }],
  ['answers 401, the password is wrong', { status: 401, body: '{}' }],
  ['answers 403 with a page', { status: 403, body: SIGN_IN }],
];

/** Gives up and recovers in milliseconds. */
const HASTY: RetryOptions = {
  ...DEFAULT_RETRY,
  ...{ retries: 2, initialDelayMs: 5, maxDelayMs: 20, breakAfter: 30, pauseMs: 20, timeoutMs: 10_000 },
};

const STEPS = 20;

/** Journals a finished run with something of each kind that can be lost or doubled. */
export function journalFinishedRun(directory: string, experiment: string, reportBytes = 1_000): void {
  const write = (file: string, bytes: Buffer | string) => {
    writeFileSync(join(directory, file), bytes);
    return { path: file, file };
  };
  const dataset = { name: 'chest-phantom', context: 'labeled', digest: 'd1', size: 5 };
  const model = { name: 'chest', step: STEPS, flavor: { backbone: 'tiny' } };
  const items: TrackedItem[] = [
    { kind: 'run-start', run: { name: 'chest', experiment, recipeHash: 'f00d', tags: {} } },
    { kind: 'params', params: { seed: '7', 'model.backbone.type': 'tiny' } },
    { kind: 'dataset', dataset: { ...dataset, sourceType: 'fsx', source: '{}' } },
    ...Array.from({ length: STEPS }, (_, index): TrackedItem => {
      return { kind: 'metrics', step: index + 1, metrics: { 'train/loss': 1 / (index + 1) } };
    }),
    { kind: 'table', ...write('table.json', '{"columns":[],"data":[]}') },
    { kind: 'model', model: { ...model, files: [write('best.safetensors', 'weights')] } },
    { kind: 'artifact', ...write('näive report.html', Buffer.alloc(reportBytes, 'r')) },
    { kind: 'run-end', status: 'finished' },
  ];
  const journal = new Journal(directory);
  for (const item of items) journal.append(item);
  journal.close();
}

/** Tries once to deliver what a run's journal holds. */
export function deliver(
  directory: string,
  uri: string,
  retry: Partial<RetryOptions> = {},
  timeoutMs = 60_000,
): Promise<DeliveryReport> {
  const uploader = new MlflowUploader({
    ...{ runDirectory: directory, experiment: '', tags: {}, register: '' },
    address: parseServerAddress(uri, {}),
    retry: { ...HASTY, ...retry },
  });
  return uploader.flush(timeoutMs);
}

export interface Tally {
  /** In the journal, and not on the server or otherwise there. */
  readonly lost: readonly string[];
  /** On the server more than once, or although no journal says so. */
  readonly doubled: readonly string[];
}

/**
 * Reads back what a server has of the only run of an experiment, and compares it with the run's journal: metrics point by
 * point, files by their checksums, params, datasets, the model, the status, and that there is one run.
 */
export async function tallyDelivery(
  server: MlflowRest,
  experiment: string,
  directory: string,
): Promise<Tally> {
  const items = readJournal(directory).entries.map(({ item }) => item);
  const expected = new Set(['run', ...items.flatMap((item) => contentsOf(item, directory))]);
  const runs = await runsOf(server, experiment);
  const found = (await Promise.all(runs.map((run) => contentsOnServer(server, run, items)))).flat();
  const seen = new Set(found);
  return {
    lost: [...expected].filter((content) => !seen.has(content)),
    doubled: found.filter((content, index) => !expected.has(content) || found.indexOf(content) < index),
  };
}

function contentsOf(item: TrackedItem, directory: string): string[] {
  switch (item.kind) {
    case 'params':
      return Object.entries(item.params).map(([name, value]) => `param ${name}=${value}`);
    case 'metrics':
      return Object.entries(item.metrics).map(([name, value]) => `metric ${name} ${item.step} ${value}`);
    case 'dataset':
      return [`dataset ${item.dataset.digest} ${item.dataset.context}`];
    case 'artifact':
    case 'table':
      return [`file ${item.path} ${checksum(readFileSync(join(directory, item.file)))}`];
    case 'model':
      return [`model ${item.model.name}`, `output of step ${item.model.step}`];
    case 'run-end':
      return [`status ${item.status.toUpperCase()}`];
    default:
      return [];
  }
}

async function contentsOnServer(
  server: MlflowRest,
  { info, data, inputs }: ReadRun,
  items: readonly TrackedItem[],
): Promise<string[]> {
  const { run_id, experiment_id, artifact_uri, status } = info;
  const contents = ['run', `status ${status}`];
  for (const { key, value } of data.params) contents.push(`param ${key}=${value}`);
  for (const { key } of data.metrics)
    for (const { step, value } of await historyOf(server, run_id, key))
      contents.push(`metric ${key} ${step} ${value}`);
  for (const { dataset, tags } of inputs.dataset_inputs)
    contents.push(`dataset ${dataset.digest} ${tags[0]?.value}`);
  for (const item of items) {
    if (item.kind !== 'artifact' && item.kind !== 'table') continue;
    contents.push(`file ${item.path} ${checksum(await artifactOf(server, artifact_uri, item.path))}`);
  }
  const { run } = await server.get('runs/get', { run_id });
  for (const { step } of (run as ReadRun).outputs?.model_outputs ?? [])
    contents.push(`output of step ${step}`);
  const { models } = await server.post('logged-models/search', { experiment_ids: [experiment_id] });
  for (const model of (models ?? []) as { info: { name: string; source_run_id: string } }[])
    if (model.info.source_run_id === run_id) contents.push(`model ${model.info.name}`);
  return contents;
}

function checksum(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
