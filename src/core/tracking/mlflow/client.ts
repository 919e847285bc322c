import type { TrackedDataset } from '../tracker.ts';
import {
  absentAsUndefined,
  hasErrorCode,
  isProxied,
  listIn,
  type MlflowApi,
  objectIn,
  textIn,
} from './api.ts';
import { type BatchItem, type KeyValue, tagItems } from './log-batch.ts';

export type MlflowRunStatus = 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED';

export interface MlflowRun {
  readonly runId: string;
  readonly name: string;
  readonly experimentId: string;
  readonly artifactUri: string;
  /** Thrown away in MLflow's trash, from where it can be restored. */
  readonly deleted: boolean;
  readonly tags: ReadonlyMap<string, string>;
}

export interface NewRun {
  readonly experimentId: string;
  readonly name: string;
  readonly startTimeMs: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** More than a family of runs has. */
const MAX_FOUND = 1_000;

/** The part of MLflow's REST API that runs need, for servers of version 2 and 3. Every call throws MlflowError. */
export class MlflowClient {
  readonly api: MlflowApi;

  constructor(api: MlflowApi) {
    this.api = api;
  }

  /** The id of the experiment of that name, made where there is none. */
  async ensureExperiment(name: string): Promise<string> {
    const existing = await this.#experimentId(name);
    if (existing !== undefined) return existing;
    try {
      const answer = await this.api.post('experiments/create', { name });
      return textIn(answer.experiment_id, 'experiments/create');
    } catch (error) {
      // made by another run since it was looked for
      if (!hasErrorCode(error, 'RESOURCE_ALREADY_EXISTS')) throw error;
      return textIn(await this.#experimentId(name), 'experiments/get-by-name');
    }
  }

  /** Sent once: see `findOrCreate`. */
  async createRun(run: NewRun): Promise<void> {
    const body = {
      experiment_id: run.experimentId,
      run_name: run.name,
      start_time: run.startTimeMs,
      tags: tagItems(run.tags).map(({ value }) => value),
    };
    await this.api.post('runs/create', body, { once: true });
  }

  async getRun(runId: string): Promise<MlflowRun | undefined> {
    const answer = await absentAsUndefined(this.api.get('runs/get', { run_id: runId }));
    return answer && runIn(answer.run, 'runs/get');
  }

  /** The runs of an experiment that carry a tag, deleted ones included. */
  async findRunsByTag(experimentId: string, key: string, value: string): Promise<MlflowRun[]> {
    const answer = await this.api.post('runs/search', {
      experiment_ids: [experimentId],
      filter: `tags."${key}" = '${value}'`,
      run_view_type: 'ALL',
      max_results: MAX_FOUND,
    });
    return listIn(answer.runs).map((run) => runIn(run, 'runs/search'));
  }

  async setStatus(runId: string, status: MlflowRunStatus, endTimeMs?: number): Promise<void> {
    const end = endTimeMs === undefined ? {} : { end_time: endTimeMs };
    await this.api.post('runs/update', { run_id: runId, status, ...end });
  }

  async setTags(runId: string, tags: Readonly<Record<string, string>>): Promise<void> {
    await this.logBatch(runId, tagItems(tags));
  }

  async deleteRun(runId: string): Promise<void> {
    await this.api.post('runs/delete', { run_id: runId });
  }

  /** @param items at most what one of `splitIntoBatches`' batches holds. */
  async logBatch(runId: string, items: readonly BatchItem[]): Promise<void> {
    const valuesOf = (kind: BatchItem['kind']) =>
      items.filter((item) => item.kind === kind).map((item) => item.value);
    await this.api.post('runs/log-batch', {
      run_id: runId,
      metrics: valuesOf('metric'),
      params: valuesOf('param'),
      tags: valuesOf('tag'),
    });
  }

  async logDataset(runId: string, dataset: TrackedDataset): Promise<void> {
    await this.api.post('runs/log-inputs', {
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

  async #experimentId(name: string): Promise<string | undefined> {
    const answer = await absentAsUndefined(
      this.api.get('experiments/get-by-name', { experiment_name: name }),
    );
    return answer && textIn(objectIn(answer.experiment).experiment_id, 'experiments/get-by-name');
  }
}

/** Whether the server takes the run's artifacts. */
export function servesArtifacts(run: MlflowRun): boolean {
  return isProxied(run.artifactUri);
}

function runIn(value: unknown, request: string): MlflowRun {
  const { info, data } = objectIn(value);
  const { run_id, run_name, experiment_id, artifact_uri, lifecycle_stage } = objectIn(info);
  const tags = listIn(objectIn(data).tags) as unknown as KeyValue[];
  return {
    runId: textIn(run_id, request),
    name: typeof run_name === 'string' ? run_name : '',
    experimentId: textIn(experiment_id, request),
    artifactUri: textIn(artifact_uri, request),
    deleted: lifecycle_stage === 'deleted',
    tags: new Map(tags.map((tag) => [tag.key, tag.value])),
  };
}
