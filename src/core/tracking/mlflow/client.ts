import { createReadStream, statSync } from 'node:fs';
import { posix } from 'node:path';
import type { TrackedDataset } from '../tracker.ts';
import { MlflowConnection, type RetryOptions } from './connection.ts';
import { MlflowError } from './errors.ts';
import type { BatchItem, KeyValue } from './log-batch.ts';
import type { ServerAddress } from './server-address.ts';

export type MlflowRunStatus = 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED';

export interface MlflowRun {
  readonly runId: string;
  readonly experimentId: string;
  readonly artifactUri: string;
  /** Thrown away in MLflow's trash, from where it can be restored. */
  readonly deleted: boolean;
}

export interface NewRun {
  readonly experimentId: string;
  readonly name: string;
  readonly startTimeMs: number;
  readonly tags: readonly KeyValue[];
}

const API = 'api/2.0/mlflow';
const ARTIFACT_API = 'api/2.0/mlflow-artifacts/artifacts';
const ARTIFACT_TIMEOUT_MS = 60_000;
/** The slowest upload that is waited for. */
const ARTIFACT_BYTES_PER_MS = 100;

/** The part of MLflow's REST API that a run needs, for servers of version 2 and 3. Every call throws MlflowError. */
export class MlflowClient {
  readonly #connection: MlflowConnection;

  constructor(address: ServerAddress, options: { signal: AbortSignal; retry?: RetryOptions }) {
    this.#connection = new MlflowConnection(address, options);
  }

  /** The id of the experiment of that name, made where there is none. */
  async ensureExperiment(name: string): Promise<string> {
    const existing = await this.#experimentId(name);
    if (existing !== undefined) return existing;
    try {
      const answer = await this.#post('experiments/create', { name });
      return text(answer.experiment_id, 'experiments/create');
    } catch (error) {
      // made by another run since it was looked for
      if (!hasCode(error, 'RESOURCE_ALREADY_EXISTS')) throw error;
      return text(await this.#experimentId(name), 'experiments/get-by-name');
    }
  }

  async createRun(run: NewRun): Promise<MlflowRun> {
    const answer = await this.#post('runs/create', {
      experiment_id: run.experimentId,
      run_name: run.name,
      start_time: run.startTimeMs,
      tags: run.tags,
    });
    return runOf(answer.run, 'runs/create');
  }

  async getRun(runId: string): Promise<MlflowRun | undefined> {
    const answer = await absentAsUndefined(this.#get('runs/get', { run_id: runId }));
    return answer && runOf(answer.run, 'runs/get');
  }

  /** The run of an experiment that carries a tag, deleted ones included. */
  async findRunByTag(experimentId: string, key: string, value: string): Promise<MlflowRun | undefined> {
    const answer = await this.#post('runs/search', {
      experiment_ids: [experimentId],
      filter: `tags."${key}" = '${value}'`,
      run_view_type: 'ALL',
      max_results: 1,
    });
    const found = Array.isArray(answer.runs) ? answer.runs[0] : undefined;
    return found === undefined ? undefined : runOf(found, 'runs/search');
  }

  async setStatus(runId: string, status: MlflowRunStatus, endTimeMs?: number): Promise<void> {
    const end = endTimeMs === undefined ? {} : { end_time: endTimeMs };
    await this.#post('runs/update', { run_id: runId, status, ...end });
  }

  /** @param items at most what one of `splitIntoBatches`' batches holds. */
  async logBatch(runId: string, items: readonly BatchItem[]): Promise<void> {
    const valuesOf = (kind: BatchItem['kind']) =>
      items.filter((item) => item.kind === kind).map((item) => item.value);
    await this.#post('runs/log-batch', {
      run_id: runId,
      metrics: valuesOf('metric'),
      params: valuesOf('param'),
      tags: valuesOf('tag'),
    });
  }

  async logDataset(runId: string, dataset: TrackedDataset): Promise<void> {
    await this.#post('runs/log-inputs', {
      run_id: runId,
      datasets: [
        {
          tags: [{ key: 'mlflow.data.context', value: dataset.context }],
          dataset: {
            name: dataset.name,
            digest: dataset.digest.slice(0, 36),
            source_type: dataset.sourceType,
            source: dataset.source,
            profile: JSON.stringify({ num_rows: dataset.size }),
          },
        },
      ],
    });
  }

  /**
   * Uploads a file through the server's artifact proxy; what is there under that path is replaced.
   * @param run one of those that `servesArtifacts`.
   * @param path below the run's artifacts, `/` between its segments.
   */
  async putArtifact(run: MlflowRun, path: string, file: string): Promise<void> {
    const root = decodeURIComponent(new URL(run.artifactUri).pathname).replace(/^\/+/, '');
    const target = posix.join(root, path).split('/').map(encodeURIComponent).join('/');
    const { size } = statSync(file);
    await this.#connection.bytes({
      method: 'PUT',
      path: `${ARTIFACT_API}/${target}`,
      name: `artifact ${path}`,
      body: () => createReadStream(file),
      headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(size) },
      timeoutMs: ARTIFACT_TIMEOUT_MS + size / ARTIFACT_BYTES_PER_MS,
    });
  }

  async #experimentId(name: string): Promise<string | undefined> {
    const answer = await absentAsUndefined(this.#get('experiments/get-by-name', { experiment_name: name }));
    return answer && text(record(answer.experiment).experiment_id, 'experiments/get-by-name');
  }

  #get(endpoint: string, query: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
    return this.#connection.json({ method: 'GET', path: `${API}/${endpoint}`, name: endpoint, query });
  }

  #post(endpoint: string, body: unknown): Promise<Record<string, unknown>> {
    return this.#connection.json({
      method: 'POST',
      path: `${API}/${endpoint}`,
      name: endpoint,
      body: () => JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' },
    });
  }
}

/**
 * Whether the server takes a run's artifacts: at `mlflow-artifacts:/1/<run>/artifacts` it does, in any other store
 * (`s3:`, `file:`, …) only clients of that store can put them.
 */
export function servesArtifacts(run: MlflowRun): boolean {
  return run.artifactUri.startsWith('mlflow-artifacts:');
}

async function absentAsUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (hasCode(error, 'RESOURCE_DOES_NOT_EXIST')) return undefined;
    throw error;
  }
}

function hasCode(error: unknown, errorCode: string): boolean {
  return error instanceof MlflowError && error.errorCode === errorCode;
}

function runOf(value: unknown, request: string): MlflowRun {
  const info = record(record(value).info);
  return {
    runId: text(info.run_id, request),
    experimentId: text(info.experiment_id, request),
    artifactUri: text(info.artifact_uri, request),
    deleted: info.lifecycle_stage === 'deleted',
  };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown, request: string): string {
  if (typeof value === 'string') return value;
  throw new MlflowError({ request, message: 'the answer is not one that MLflow gives', status: 200 });
}
