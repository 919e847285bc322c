import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { TrackingError } from '../../errors.ts';
import type { JournalEntry } from '../journal-file.ts';
import type { RunDescription, RunStatus, TrackedItem } from '../tracker.ts';
import {
  type MlflowClient,
  type MlflowRun,
  type MlflowRunStatus,
  type NewRun,
  servesArtifacts,
} from './client.ts';
import { type DeliveryCursor, NOTHING_SENT, type RefusedItem } from './cursor.ts';
import { MlflowError } from './errors.ts';
import { type BatchItem, batchItemsOf, splitIntoBatches, tagItems } from './log-batch.ts';

/** By this tag a run is found again whose id was lost in a crash, or that another machine sent. */
const RUN_ID_TAG = 'fsx.run_id';

const STATUS: Readonly<Record<RunStatus, MlflowRunStatus>> = {
  finished: 'FINISHED',
  failed: 'FAILED',
  killed: 'KILLED',
};

/** What a journal says of its run before anything is sent. */
export interface JournaledRun {
  readonly directory: string;
  readonly runId: string;
  readonly start: JournalEntry & { readonly item: { readonly kind: 'run-start' } };
}

/**
 * The run on the server that belongs to a journal: the cursor's, else the one that carries the journal's id, else a
 * new one. The cursor that comes back begins anew when the server does not know the cursor's run.
 */
export async function attachRun(
  client: MlflowClient,
  journaled: JournaledRun,
  cursor: DeliveryCursor,
): Promise<{ run: MlflowRun; cursor: DeliveryCursor }> {
  const known = cursor.runId === undefined ? undefined : await client.getRun(cursor.runId);
  if (known !== undefined) return { run: alive(known), cursor };
  const description = journaled.start.item.run;
  const experimentId = await client.ensureExperiment(cursor.experiment || description.experiment);
  const run =
    (await client.findRunByTag(experimentId, RUN_ID_TAG, journaled.runId)) ??
    (await client.createRun(newRun(experimentId, journaled, description, cursor.tags)));
  const { runId } = alive(run);
  return { run, cursor: { ...cursor, ...NOTHING_SENT, experimentId, runId } };
}

function newRun(
  experimentId: string,
  journaled: JournaledRun,
  description: RunDescription,
  extraTags: Readonly<Record<string, string>>,
): NewRun {
  const tags = {
    'mlflow.runName': description.name,
    'mlflow.source.type': 'LOCAL',
    'mlflow.source.name': 'fsx',
    'fsx.recipe_hash': description.recipeHash,
    ...description.tags,
    ...extraTags,
    [RUN_ID_TAG]: journaled.runId,
  };
  return {
    experimentId,
    name: description.name,
    startTimeMs: journaled.start.timestampMs,
    tags: tagItems(tags).map((item) => item.value as { key: string; value: string }),
  };
}

function alive(run: MlflowRun): MlflowRun {
  if (!run.deleted) return run;
  throw new TrackingError('FSX_MLFLOW_RUN_DELETED', `run ${run.runId} was deleted in MLflow`, {
    suggestion: `restore it there: mlflow runs restore --run-id ${run.runId}`,
  });
}

/** Sends journal entries to one run. What is sent twice is exactly the same the second time. */
export class RunDelivery {
  readonly #client: MlflowClient;
  readonly #run: MlflowRun;
  readonly #journaled: JournaledRun;

  constructor(client: MlflowClient, run: MlflowRun, journaled: JournaledRun) {
    this.#client = client;
    this.#run = run;
    this.#journaled = journaled;
  }

  /** Sends entries that `nextGroup` put together. @returns the cursor after them. */
  async send(group: readonly JournalEntry[], cursor: DeliveryCursor): Promise<DeliveryCursor> {
    const last = group.at(-1)!;
    const { items, nonfinite } = batchItemsOf(group, cursor.nonfinite);
    const reasons: string[] = [];
    for (const batch of splitIntoBatches(items)) reasons.push(...(await this.#sendBatch(batch)));
    if (!isBatchable(last.item)) reasons.push(...(await this.#sendAlone(last)));
    const refused = reasons.map((reason): RefusedItem => ({ sequence: last.sequence, reason }));
    const keptLocal = last.item.kind === 'artifact' && !servesArtifacts(this.#run) ? 1 : 0;
    return {
      ...cursor,
      sentSequence: last.sequence,
      nonfinite,
      refused: [...cursor.refused, ...refused],
      artifactsKeptLocal: cursor.artifactsKeptLocal + keptLocal,
    };
  }

  /** Halves a refused batch until what the server does not take is alone, so that everything else arrives. */
  async #sendBatch(batch: readonly BatchItem[]): Promise<string[]> {
    const reasons = await refusalsOf(() => this.#client.logBatch(this.#run.runId, batch));
    if (reasons.length === 0 || batch.length <= 1) return reasons;
    const middle = batch.length >> 1;
    return [
      ...(await this.#sendBatch(batch.slice(0, middle))),
      ...(await this.#sendBatch(batch.slice(middle))),
    ];
  }

  async #sendAlone({ sequence, timestampMs, item }: JournalEntry): Promise<string[]> {
    const { runId } = this.#run;
    switch (item.kind) {
      case 'run-start':
        return sequence === this.#journaled.start.sequence ? [] : this.#runAgain(item.run);
      case 'dataset':
        return refusalsOf(() => this.#client.logDataset(runId, item.dataset));
      case 'artifact':
        return this.#sendArtifact(item.path, resolve(this.#journaled.directory, item.file));
      case 'run-end':
        return refusalsOf(() => this.#client.setStatus(runId, STATUS[item.status], timestampMs));
      default:
        return [];
    }
  }

  async #runAgain(description: RunDescription): Promise<string[]> {
    const { runId } = this.#run;
    const reasons = await refusalsOf(() => this.#client.setStatus(runId, 'RUNNING'));
    return [...reasons, ...(await this.#sendBatch(tagItems(description.tags)))];
  }

  async #sendArtifact(path: string, file: string): Promise<string[]> {
    if (!servesArtifacts(this.#run)) return [];
    if (!existsSync(file)) return [`artifact ${path}: ${file} is gone`];
    return refusalsOf(() => this.#client.putArtifact(this.#run, path, file));
  }
}

const MAX_GROUP = 500;

/** The entries at the beginning of a list that go together: one alone, or as many as fit into batches. */
export function nextGroup(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  const end = entries.findIndex((entry, index) => index === MAX_GROUP || !isBatchable(entry.item));
  return entries.slice(0, end < 0 ? entries.length : Math.max(1, end));
}

function isBatchable(item: TrackedItem): boolean {
  return item.kind === 'metrics' || item.kind === 'params' || item.kind === 'tags';
}

/** Why the server refuses what was sent, if it does; any other failure passes through. */
async function refusalsOf(send: () => Promise<void>): Promise<string[]> {
  try {
    await send();
    return [];
  } catch (error) {
    if (error instanceof MlflowError && error.refused) return [error.message];
    throw error;
  }
}
