import { join } from 'node:path';
import { stringify } from 'yaml';
import type { TrackedModel } from '../tracker.ts';
import { findOrCreate, hasErrorCode, listIn, type MlflowApi, objectIn, textIn } from './api.ts';
import type { MlflowRun } from './client.ts';
import { mlflowModelName } from './limits.ts';

export interface ModelDelivery {
  readonly model: TrackedModel;
  /** That the model's files are relative to. */
  readonly directory: string;
  readonly timestampMs: number;
  /** Name in the model registry; empty for none. */
  readonly register: string;
}

/** Where a model is on the server. */
interface ModelPlace {
  /** Address of its files. */
  readonly root: string;
  /** Below the root. */
  readonly folder: string;
  /** Absent where the server knows no logged models. */
  readonly modelId?: string;
}

/**
 * Makes a run's model one that MLflow knows: a logged model of MLflow 3, a folder `model` of the run's artifacts in
 * MLflow 2, with the file `MLmodel` that describes it; and a version of a registered model, where that is asked for.
 */
export async function deliverModel(api: MlflowApi, run: MlflowRun, delivery: ModelDelivery): Promise<void> {
  const { model, directory, register } = delivery;
  const hasLoggedModels = (await api.majorVersion()) >= 3;
  const place: ModelPlace = hasLoggedModels
    ? await loggedModel(api, run, model)
    : { root: run.artifactUri, folder: 'model/' };
  for (const { path, file } of model.files) {
    await api.putFile(place.root, `${place.folder}${path}`, join(directory, file));
  }
  await api.putText(place.root, `${place.folder}MLmodel`, describe(run, delivery, place));
  if (place.modelId !== undefined) await finishLoggedModel(api, run, place.modelId, model.step);
  if (register !== '') await registerVersion(api, run, place, register);
}

async function loggedModel(
  api: MlflowApi,
  { runId, experimentId }: MlflowRun,
  { name: givenName, flavor }: TrackedModel,
): Promise<ModelPlace> {
  const name = mlflowModelName(givenName);
  const find = async () => {
    const answer = await api.post('logged-models/search', {
      experiment_ids: [experimentId],
      filter: `source_run_id = '${runId}'`,
    });
    return listIn(answer.models).find(({ info }) => objectIn(info).name === name);
  };
  const params = Object.entries(flavor).map(([key, value]) => ({ key, value: String(value) }));
  const body = { experiment_id: experimentId, name, source_run_id: runId, model_type: 'fsx', params };
  const found = await findOrCreate(find, () => api.post('logged-models', body, { once: true }));
  const info = objectIn(found.info);
  return {
    root: textIn(info.artifact_uri, 'logged-models/search'),
    folder: '',
    modelId: textIn(info.model_id, 'logged-models/search'),
  };
}

/** The run names it as its output once, although MLflow would take it again and again. */
async function finishLoggedModel(
  api: MlflowApi,
  { runId }: MlflowRun,
  modelId: string,
  step: number,
): Promise<void> {
  await api.patch(`logged-models/${modelId}`, { model_id: modelId, status: 'LOGGED_MODEL_READY' });
  const find = async () => {
    const { run } = await api.get('runs/get', { run_id: runId });
    return listIn(objectIn(objectIn(run).outputs).model_outputs).find(({ model_id }) => model_id === modelId);
  };
  const models = [{ model_id: modelId, step }];
  await findOrCreate(find, () => api.post('runs/outputs', { run_id: runId, models }, { once: true }));
}

/** One version for each run. */
async function registerVersion(
  api: MlflowApi,
  { runId }: MlflowRun,
  { root, folder, modelId }: ModelPlace,
  name: string,
): Promise<void> {
  try {
    await api.post('registered-models/create', { name });
  } catch (error) {
    if (!hasErrorCode(error, 'RESOURCE_ALREADY_EXISTS')) throw error;
  }
  const find = async () => {
    const answer = await api.get('model-versions/search', { filter: `run_id='${runId}'` });
    return listIn(answer.model_versions).find((version) => version.name === name);
  };
  const source = `${root}/${folder}`.replace(/\/$/, '');
  const body = { name, source, run_id: runId, ...(modelId !== undefined && { model_id: modelId }) };
  await findOrCreate(find, () => api.post('model-versions/create', body, { once: true }));
}

/** The file `MLmodel`, https://mlflow.org/docs/latest/ml/model/#storage-format. */
function describe(run: MlflowRun, { model, timestampMs }: ModelDelivery, place: ModelPlace): string {
  return stringify({
    artifact_path: place.modelId === undefined ? place.folder.replace(/\/$/, '') : place.root,
    flavors: { fsx: model.flavor },
    ...(place.modelId === undefined ? {} : { model_id: place.modelId }),
    run_id: run.runId,
    utc_time_created: new Date(timestampMs).toISOString().replace('T', ' ').replace('Z', ''),
  });
}
