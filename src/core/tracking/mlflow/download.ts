import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TrackingError } from '../../errors.ts';
import { isProxied, MlflowApi } from './api.ts';
import { MlflowClient, type MlflowRun } from './client.ts';
import { type NamedServer, namedServer } from './named-server.ts';

/** What a comparison reads of a run. */
const RESULT_FILES = ['metrics.json', 'predictions.csv'] as const;
const TIMEOUT_MS = 300_000;

/**
 * Downloads the results of runs for the time of some work, each into a folder that has the run's name.
 * @param runIds of MLflow.
 * @throws TrackingError `FSX_MLFLOW_RUN_UNKNOWN`, `FSX_MLFLOW_NO_RESULTS`, or when the server cannot be read.
 */
export async function withDownloadedRuns<T>(
  runIds: readonly string[],
  server: NamedServer,
  work: (folders: readonly string[]) => Promise<T>,
): Promise<T> {
  const api = new MlflowApi(namedServer(server), { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const root = await mkdtemp(join(tmpdir(), 'fsx-mlflow-runs-'));
  try {
    const folders: string[] = [];
    for (const runId of new Set(runIds)) folders.push(await download(api, runId, root));
    return await work(folders);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function download(api: MlflowApi, runId: string, root: string): Promise<string> {
  const run = await new MlflowClient(api).getRun(runId);
  if (run === undefined) {
    throw new TrackingError('FSX_MLFLOW_RUN_UNKNOWN', `the MLflow server has no run ${runId}`, {
      suggestion: 'its id stands on its page, and at the end of the address of that',
    });
  }
  const folder = join(root, `${run.name.replaceAll(/[^\w.=-]+/g, '_')}-${runId.slice(0, 8)}`);
  await mkdir(folder, { recursive: true });
  for (const file of RESULT_FILES) await writeFile(join(folder, file), await resultFile(api, run, file));
  return folder;
}

async function resultFile(api: MlflowApi, run: MlflowRun, file: string): Promise<Buffer> {
  const missing = (why: string, cause?: unknown) =>
    new TrackingError('FSX_MLFLOW_NO_RESULTS', `run ${run.runId} has no ${file} to read: ${why}`, {
      suggestion: 'compare finished runs of fsx, whose files went to the server (`fsx sync RUN` sends them)',
      cause,
    });
  if (!isProxied(run.artifactUri))
    throw missing(`its artifacts are at ${run.artifactUri}, not on the server`);
  try {
    return await api.getArtifact(run.artifactUri, file);
  } catch (error) {
    throw missing((error as Error).message, error);
  }
}
