/** MLflow's REST API, below `/api/2.0/mlflow` of a server. */
export class MlflowRest {
  readonly uri: string;

  constructor(uri: string) {
    this.uri = uri;
  }

  async get(endpoint: string, query: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
    const answer = await fetch(`${this.uri}/api/2.0/mlflow/${endpoint}?${new URLSearchParams(query)}`);
    return answer.json() as Promise<Record<string, unknown>>;
  }

  async post(endpoint: string, body: unknown): Promise<Record<string, unknown>> {
    const answer = await fetch(`${this.uri}/api/2.0/mlflow/${endpoint}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return answer.json() as Promise<Record<string, unknown>>;
  }
}

export interface ReadRun {
  readonly info: {
    readonly run_id: string;
    readonly run_name: string;
    readonly experiment_id: string;
    readonly status: string;
    readonly artifact_uri: string;
  };
  readonly data: {
    readonly metrics: readonly KeyValue[];
    readonly params: readonly KeyValue[];
    readonly tags: readonly KeyValue[];
  };
  readonly inputs: { readonly dataset_inputs: readonly ReadDataset[] };
  readonly outputs?: {
    readonly model_outputs?: readonly { readonly model_id: string; readonly step: number }[];
  };
}

export interface ReadDataset {
  readonly dataset: { readonly name: string; readonly digest: string };
  readonly tags: readonly KeyValue[];
}

export interface KeyValue {
  readonly key: string;
  readonly value: string | number;
}

export interface Point {
  readonly step: number;
  readonly value: number;
}

/** The runs of an experiment that are not deleted. */
export async function runsOf(server: MlflowRest, experiment: string): Promise<ReadRun[]> {
  const found = await server.get('experiments/get-by-name', { experiment_name: experiment });
  const { experiment_id } = found.experiment as { experiment_id: string };
  const answer = await server.post('runs/search', { experiment_ids: [experiment_id], max_results: 1_000 });
  return (answer.runs ?? []) as ReadRun[];
}

export async function historyOf(server: MlflowRest, runId: string, metric: string): Promise<Point[]> {
  const answer = await server.get('metrics/get-history', { run_id: runId, metric_key: metric });
  return (answer.metrics ?? []) as Point[];
}

/** @param root an address `mlflow-artifacts:/…`. */
export async function artifactOf(server: MlflowRest, root: string, path: string): Promise<Buffer> {
  const encoded = `${root.replace('mlflow-artifacts:/', '')}/${path}`
    .split('/')
    .map(encodeURIComponent)
    .join('/');
  const answer = await fetch(`${server.uri}/api/2.0/mlflow-artifacts/artifacts/${encoded}`);
  return Buffer.from(await answer.arrayBuffer());
}

/** Names of the files in a folder of a run's artifacts. */
export async function artifactNames(server: MlflowRest, runId: string, path: string): Promise<string[]> {
  const { files = [] } = await server.get('artifacts/list', { run_id: runId, path });
  return (files as { path: string }[]).map((file) => file.path).sort();
}

export function asRecord(values: readonly KeyValue[]): Record<string, string | number> {
  return Object.fromEntries(values.map(({ key, value }) => [key, value]));
}
