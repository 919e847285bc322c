import { TrackingError } from '../../errors.ts';
import type { JournalEntry } from '../journal-file.ts';
import type { ParentRun, RunDescription } from '../tracker.ts';
import { findOrCreate } from './api.ts';
import type { MlflowClient, MlflowRun, NewRun } from './client.ts';
import { type DeliveryCursor, NOTHING_SENT } from './cursor.ts';

/**
 * By this tag a run is found again whose id was lost in a crash, or that another machine sent. A parent carries the
 * key that its children share.
 */
const RUN_ID_TAG = 'fsx.run_id';
const PARENT_TAG = 'mlflow.parentRunId';
const MERGED = 'merged into ';

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
  if (known !== undefined && !isMerged(known)) {
    await linkParent(client, alive(known), journaled);
    return { run: known, cursor };
  }
  const description = journaled.start.item.run;
  const experimentId = await client.ensureExperiment(cursor.experiment || description.experiment);
  const run = await claimRun(client, journaled.runId, newRun(experimentId, journaled, cursor.tags));
  await linkParent(client, run, journaled);
  return { run, cursor: { ...cursor, ...NOTHING_SENT, experimentId, runId: run.runId } };
}

/**
 * Puts a run under its parent. To be called when the run is attached and again at its end: in between, another machine
 * may have merged the parent into one that it had made at the same time.
 */
export async function linkParent(
  client: MlflowClient,
  run: MlflowRun,
  { start }: JournaledRun,
): Promise<void> {
  const { parent } = start.item.run;
  if (parent === undefined) return;
  const parentId = await parentRunId(client, run.experimentId, parent, start.timestampMs);
  await client.setTags(run.runId, { [PARENT_TAG]: parentId });
}

async function parentRunId(
  client: MlflowClient,
  experimentId: string,
  parent: ParentRun,
  startTimeMs: number,
): Promise<string> {
  if ('runId' in parent) return parent.runId;
  const tags = { [RUN_ID_TAG]: parent.key, 'mlflow.source.name': 'fsx' };
  const { runId } = await claimRun(client, parent.key, {
    ...{ experimentId, startTimeMs, tags },
    name: parent.name,
  });
  return runId;
}

/**
 * The one run of an experiment that carries a key, made where there is none. MLflow cannot make a run only if it is
 * absent, so that machines that come at the same moment may make several. Everyone then keeps the one with the lowest
 * id and merges the others into it.
 */
async function claimRun(client: MlflowClient, key: string, run: NewRun): Promise<MlflowRun> {
  const find = async () => {
    const found = await client.findRunsByTag(run.experimentId, RUN_ID_TAG, key);
    return found.length === 0 ? undefined : found.sort(byDeletionThenId);
  };
  const [kept, ...others] = (await findOrCreate(find, () => client.createRun(run))) as [
    MlflowRun,
    ...MlflowRun[],
  ];
  for (const other of others.filter(({ deleted }) => !deleted)) await merge(client, other, kept);
  return alive(kept);
}

function byDeletionThenId(a: MlflowRun, b: MlflowRun): number {
  return Number(a.deleted) - Number(b.deleted) || (a.runId < b.runId ? -1 : 1);
}

/** The children of a run become those of another, and the run goes. What a journal sent to it is sent again. */
async function merge(client: MlflowClient, from: MlflowRun, into: MlflowRun): Promise<void> {
  const children = await client.findRunsByTag(from.experimentId, PARENT_TAG, from.runId);
  for (const child of children.filter(({ deleted }) => !deleted)) {
    await client.setTags(child.runId, { [PARENT_TAG]: into.runId });
  }
  try {
    await client.setTags(from.runId, { [RUN_ID_TAG]: `${MERGED}${into.runId}` });
    await client.deleteRun(from.runId);
  } catch (error) {
    // another machine has done it since the runs were looked for
    if (!(await client.getRun(from.runId))?.deleted) throw error;
  }
}

function isMerged({ tags }: MlflowRun): boolean {
  return tags.get(RUN_ID_TAG)?.startsWith(MERGED) ?? false;
}

function newRun(
  experimentId: string,
  { start, runId }: JournaledRun,
  extraTags: Readonly<Record<string, string>>,
): NewRun {
  const { name, recipeHash, tags }: RunDescription = start.item.run;
  return {
    experimentId,
    name,
    startTimeMs: start.timestampMs,
    tags: {
      'mlflow.runName': name,
      'mlflow.source.type': 'LOCAL',
      'mlflow.source.name': 'fsx',
      'fsx.recipe_hash': recipeHash,
      ...tags,
      ...extraTags,
      [RUN_ID_TAG]: runId,
    },
  };
}

/** @throws TrackingError `FSX_MLFLOW_RUN_DELETED`. */
export function alive(run: MlflowRun): MlflowRun {
  if (!run.deleted) return run;
  throw new TrackingError('FSX_MLFLOW_RUN_DELETED', `run ${run.runId} was deleted in MLflow`, {
    suggestion: `restore it there: mlflow runs restore --run-id ${run.runId}`,
  });
}
