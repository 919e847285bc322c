import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { JournalEntry } from '../journal-file.ts';
import type { RunDescription, RunStatus, TrackedItem, TrackedModel } from '../tracker.ts';
import { alive, type JournaledRun, linkParent } from './attach.ts';
import { type MlflowClient, type MlflowRun, type MlflowRunStatus, servesArtifacts } from './client.ts';
import type { DeliveryCursor, RefusedItem } from './cursor.ts';
import { MlflowError } from './errors.ts';
import { imagePaths } from './image-paths.ts';
import { type BatchItem, batchItemsOf, splitIntoBatches, tagItems } from './log-batch.ts';
import { deliverModel } from './models.ts';

const STATUS: Readonly<Record<RunStatus, MlflowRunStatus>> = {
  finished: 'FINISHED',
  failed: 'FAILED',
  killed: 'KILLED',
};

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

  /**
   * Sends entries that `nextGroup` put together. @returns the cursor after them.
   * @throws TrackingError when the run was deleted since it was attached: nothing of it is refused, all can be sent again.
   */
  async send(group: readonly JournalEntry[], cursor: DeliveryCursor): Promise<DeliveryCursor> {
    const last = group.at(-1)!;
    const { items, nonfinite } = batchItemsOf(group, cursor.nonfinite);
    const reasons: string[] = [];
    for (const batch of splitIntoBatches(items)) reasons.push(...(await this.#sendBatch(batch)));
    if (!isBatchable(last.item)) reasons.push(...(await this.#sendAlone(last, cursor)));
    if (reasons.length > 0) await this.#assertAlive();
    const refused = reasons.map((reason): RefusedItem => ({ sequence: last.sequence, reason }));
    const keptLocal = hasFiles(last.item) && !servesArtifacts(this.#run) ? 1 : 0;
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
    await this.#assertAlive();
    const middle = batch.length >> 1;
    return [
      ...(await this.#sendBatch(batch.slice(0, middle))),
      ...(await this.#sendBatch(batch.slice(middle))),
    ];
  }

  async #sendAlone({ sequence, timestampMs, item }: JournalEntry, cursor: DeliveryCursor): Promise<string[]> {
    const { runId } = this.#run;
    switch (item.kind) {
      case 'run-start':
        return sequence === this.#journaled.start.sequence ? [] : this.#runAgain(item.run);
      case 'dataset':
        return refusalsOf(() => this.#client.logDataset(runId, item.dataset));
      case 'artifact':
        return this.#sendFiles([item]);
      case 'table':
        return this.#sendTable(item);
      case 'image':
        return this.#sendImage(imagePaths(item.image, timestampMs, `${this.#journaled.runId} ${sequence}`));
      case 'model':
        return this.#sendModel(item.model, timestampMs, cursor.register);
      case 'run-end':
        return refusalsOf(() => this.#end(STATUS[item.status], timestampMs));
      default:
        return [];
    }
  }

  async #end(status: MlflowRunStatus, timestampMs: number): Promise<void> {
    await linkParent(this.#client, this.#run, this.#journaled);
    await this.#client.setStatus(this.#run.runId, status, timestampMs);
  }

  async #runAgain(description: RunDescription): Promise<string[]> {
    const { runId } = this.#run;
    const reasons = await refusalsOf(() => this.#client.setStatus(runId, 'RUNNING'));
    return [...reasons, ...(await this.#sendBatch(tagItems(description.tags)))];
  }

  /** MLflow's user interface shows the artifacts that a tag of the run names as tables. */
  async #sendTable(table: { readonly path: string; readonly file: string }): Promise<string[]> {
    const reasons = await this.#sendFiles([table]);
    if (reasons.length > 0 || !servesArtifacts(this.#run)) return reasons;
    const run = await this.#client.getRun(this.#run.runId);
    const named = parseList(run?.tags.get(TABLES_TAG)).filter(({ path }) => path !== table.path);
    const tables = [...named, { path: table.path, type: 'table' }];
    return this.#sendBatch(tagItems({ [TABLES_TAG]: JSON.stringify(tables) }));
  }

  async #sendImage(files: ReturnType<typeof imagePaths>): Promise<string[]> {
    const reasons = await this.#sendFiles(files);
    if (!servesArtifacts(this.#run)) return reasons;
    return [...reasons, ...(await this.#sendBatch(tagItems({ 'mlflow.loggedImages': 'True' })))];
  }

  async #sendModel(model: TrackedModel, timestampMs: number, register: string): Promise<string[]> {
    if (!servesArtifacts(this.#run)) return [];
    const reasons = this.#missing(model.files);
    if (reasons.length > 0) return reasons;
    const { directory } = this.#journaled;
    const delivery = { model, directory, timestampMs, register };
    return refusalsOf(() => deliverModel(this.#client.api, this.#run, delivery));
  }

  async #sendFiles(files: readonly { readonly path: string; readonly file: string }[]): Promise<string[]> {
    if (!servesArtifacts(this.#run)) return [];
    const reasons = this.#missing(files);
    if (reasons.length > 0) return reasons;
    for (const { path, file } of files) {
      const source = resolve(this.#journaled.directory, file);
      reasons.push(
        ...(await refusalsOf(() => this.#client.api.putFile(this.#run.artifactUri, path, source))),
      );
    }
    return reasons;
  }

  #missing(files: readonly { readonly path: string; readonly file: string }[]): string[] {
    return files
      .map(({ path, file }) => ({ path, source: resolve(this.#journaled.directory, file) }))
      .filter(({ source }) => !existsSync(source))
      .map(({ path, source }) => `artifact ${path}: ${source} is gone`);
  }

  async #assertAlive(): Promise<void> {
    const run = await this.#client.getRun(this.#run.runId);
    if (run !== undefined) alive(run);
  }
}

const TABLES_TAG = 'mlflow.loggedArtifacts';
const MAX_GROUP = 500;

/** The entries at the beginning of a list that go together: one alone, or as many as fit into batches. */
export function nextGroup(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  const end = entries.findIndex((entry, index) => index === MAX_GROUP || !isBatchable(entry.item));
  return entries.slice(0, end < 0 ? entries.length : Math.max(1, end));
}

function isBatchable(item: TrackedItem): boolean {
  return item.kind === 'metrics' || item.kind === 'params' || item.kind === 'tags';
}

function hasFiles({ kind }: TrackedItem): boolean {
  return kind === 'artifact' || kind === 'table' || kind === 'image' || kind === 'model';
}

function parseList(tag: string | undefined): { readonly path?: unknown }[] {
  try {
    const parsed: unknown = JSON.parse(tag ?? '[]');
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
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
