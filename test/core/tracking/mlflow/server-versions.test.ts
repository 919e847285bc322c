import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Journal } from '../../../../src/core/tracking/journal.ts';
import { CURSOR_FILE, NOTHING_SENT, saveCursor } from '../../../../src/core/tracking/mlflow/cursor.ts';
import { MLFLOW_VERSION } from '../../../../src/core/tracking/mlflow/local/install.ts';
import { syncRun } from '../../../../src/core/tracking/mlflow/sync.ts';
import type { ParentRun } from '../../../../src/core/tracking/tracker.ts';
import { artifactNames, artifactOf, asRecord, historyOf, runsOf } from '../../../support/mlflow-readback.ts';
import {
  MLFLOW_2,
  MlflowServer,
  mlflowUnavailable,
  SET_UP_TIMEOUT_MS,
} from '../../../support/mlflow-server.ts';
import { beginRun, temporaryRun, trainSteps } from '../../../support/tracked-run.ts';

const unavailable = await mlflowUnavailable(MLFLOW_2);
if (unavailable) console.warn(`SKIPPED, tracking is not tested against MLflow 2 and 3: ${unavailable}`);

describe.skipIf(unavailable).each([MLFLOW_VERSION, MLFLOW_2])('with a real MLflow %s', (version) => {
  const isMlflow3 = version === MLFLOW_VERSION;
  let server: MlflowServer;

  beforeAll(async () => {
    server = await MlflowServer.start(version);
  }, SET_UP_TIMEOUT_MS);
  afterAll(() => server?.remove());

  const sync = (directory: string) =>
    syncRun(directory, { uri: server.uri, environment: {}, timeoutMs: 60_000 });

  test('metrics, datasets, files, tables, pictures and the model are read back, and are there once when sent twice', async () => {
    const directory = temporaryRun();
    const target = { uri: server.uri, experiment: 'whole', tags: {}, register: "chest's best" };
    saveCursor(directory, { ...target, ...NOTHING_SENT });
    const files = writeResults(directory);
    expect(await sync(directory)).toMatchObject({ unsent: 0, message: 'everything is in MLflow' });

    const [run] = await runsOf(server, 'whole');
    const { run_id, artifact_uri, status } = run!.info;
    expect(status).toBe('FINISHED');
    expect((await historyOf(server, run_id, 'train/loss')).map(({ value }) => value)).toEqual([
      1,
      1 / 2,
      1 / 3,
    ]);
    expect(run!.inputs.dataset_inputs).toMatchObject([
      { dataset: { name: 'chest-phantom', profile: '{"num_rows":5}' }, tags: [{ value: 'labeled' }] },
    ]);
    expect(asRecord(run!.data.tags)).toMatchObject({
      'mlflow.note.content': '**chest**',
      'mlflow.loggedImages': 'True',
      'mlflow.loggedArtifacts': JSON.stringify([
        { path: 'tables/a.json', type: 'table' },
        { path: 'tables/b.json', type: 'table' },
      ]),
    });
    for (const path of ['report.html', 'tables/a.json', 'tables/b.json'])
      expect((await artifactOf(server, artifact_uri, path)).equals(files[path]!), path).toBe(true);

    const pictures = await artifactNames(server, run_id, 'images');
    const kinds = pictures.map((path) => path.replace(/timestamp.\d+.[\w-]{36}/, 'T'));
    const names = ['val~first+step+4+T+compressed.webp', 'val~first+step+4+T.png'];
    expect(kinds).toEqual(names.map((name) => `images/${name}`));

    const root = isMlflow3 ? await loggedModelRoot(run_id) : `${artifact_uri}/model`;
    expect((await artifactOf(server, root, 'best.safetensors')).equals(files['best.safetensors']!)).toBe(
      true,
    );
    expect(String(await artifactOf(server, root, 'MLmodel'))).toContain('backbone: tiny');

    rmSync(join(directory, CURSOR_FILE));
    saveCursor(directory, { ...target, ...NOTHING_SENT });
    const before = await everything(run_id);
    expect(await sync(directory)).toMatchObject({ unsent: 0 });
    expect(await everything(run_id)).toEqual(before);
    expect(before.versions).toHaveLength(1);
  });

  /** What must not change when a run is sent again. */
  async function everything(runId: string) {
    const filter = `run_id='${runId}'`;
    const { model_versions: versions } = await server.get('model-versions/search', { filter });
    const runs = await runsOf(server, 'whole');
    const pictures = await artifactNames(server, runId, 'images');
    return { runs, pictures, versions: versions as unknown[] };
  }

  async function loggedModelRoot(runId: string): Promise<string> {
    const [run] = await runsOf(server, 'whole');
    expect(run!.info.run_id).toBe(runId);
    const { model_outputs } = ((await server.get('runs/get', { run_id: runId })).run as typeof run)!.outputs!;
    expect(model_outputs).toMatchObject([{ step: 3 }]);
    const { model } = await server.get(`logged-models/${model_outputs![0]!.model_id}`, {});
    const { info } = model as { info: { status: string; name: string; artifact_uri: string } };
    expect(info).toMatchObject({ status: 'LOGGED_MODEL_READY', name: 'chest' });
    return info.artifact_uri;
  }

  test('parts of a whole that arrive at once, and late, and the whole itself, are one family', async () => {
    const key = randomUUID();
    const children = Array.from({ length: 5 }, (_, index) =>
      finishedPart(`trial-${index}`, { key, name: 'sweep' }),
    );
    // all at once, as from machines that know nothing of each other; each must find or make the parent
    for (const { unsent } of await Promise.all(children.slice(0, 4).map(sync))) expect(unsent).toBe(0);
    const whole = finishedPart('sweep of width', undefined, key);
    await Promise.all([sync(whole), sync(children[4]!)]);

    const runs = await runsOf(server, 'family');
    const parents = runs.filter(({ data }) => asRecord(data.tags)['fsx.run_id'] === key);
    expect(parents).toHaveLength(1);
    const trials = runs.filter(({ info }) => info.run_name.startsWith('trial-'));
    expect(trials).toHaveLength(5);
    for (const { data } of trials)
      expect(asRecord(data.tags)['mlflow.parentRunId']).toBe(parents[0]!.info.run_id);
    expect(runs).toHaveLength(6);
    // the whole's own journal goes to the run that its parts made
    expect(parents[0]!.info.status).toBe('FINISHED');
    expect(asRecord(parents[0]!.data.metrics)).toHaveProperty('train/loss', 1);
  });

  test('a part of a run that MLflow knows by its id is under that run', async () => {
    const directory = finishedPart('trial', { runId: 'a'.repeat(32) }, undefined, 'known parent');
    await sync(directory);
    const [run] = await runsOf(server, 'known parent');
    expect(asRecord(run!.data.tags)['mlflow.parentRunId']).toBe('a'.repeat(32));
  });
});

/** A run folder with one step tracked, and ended. */
function finishedPart(name: string, parent?: ParentRun, runId?: string, experiment = 'family'): string {
  const directory = temporaryRun();
  const journal = new Journal(directory, runId === undefined ? {} : { runId });
  const run = { name, experiment, recipeHash: 'f00d', tags: {}, ...(parent && { parent }) };
  journal.append({ kind: 'run-start', run });
  trainSteps(journal, 1, 1);
  journal.append({ kind: 'run-end', status: 'finished' });
  journal.close();
  return directory;
}

/** A finished run with one of everything. @returns its files by the last part of their path on the server. */
function writeResults(directory: string): Record<string, Buffer> {
  const files: Record<string, Buffer> = {};
  const write = (path: string) => {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    files[path] = randomBytes(1_000);
    writeFileSync(join(directory, path), files[path]!);
    return path;
  };
  const journal = beginRun(directory, 'whole');
  trainSteps(journal, 1, 3);
  journal.append({ kind: 'tags', tags: { 'mlflow.note.content': '**chest**' } });
  const picture = { key: 'val/first', step: 4, file: write('4.png'), preview: write('4.webp') };
  journal.append({ kind: 'image', image: picture });
  journal.append({ kind: 'artifact', path: 'report.html', file: write('report.html') });
  for (const path of ['tables/a.json', 'tables/b.json'].map(write))
    journal.append({ kind: 'table', path, file: path });
  const weights = write('best.safetensors');
  journal.append({
    kind: 'model',
    model: {
      name: 'chest',
      step: 3,
      files: [{ path: weights, file: weights }],
      flavor: { backbone: 'tiny', landmarks: 6 },
    },
  });
  journal.append({ kind: 'run-end', status: 'finished' });
  journal.close();
  return files;
}
