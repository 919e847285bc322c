import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readJournal } from '../../src/core/tracking/journal-file.ts';
import { MlflowServer, mlflowUnavailable, SET_UP_TIMEOUT_MS } from '../support/mlflow-server.ts';
import { eventsOf, fsx, fsxRun, runFolder, TINY, temporaryFolder } from './cli.ts';

const unavailable = await mlflowUnavailable();
if (unavailable !== undefined) console.warn(`skipped: ${unavailable}`);

interface MlflowRun {
  readonly info: { readonly run_id: string; readonly status: string; readonly artifact_uri: string };
  readonly data: {
    readonly metrics: readonly { readonly key: string; readonly value: number }[];
    readonly params: readonly { readonly key: string; readonly value: string }[];
    readonly tags: readonly { readonly key: string; readonly value: string }[];
  };
}

describe.skipIf(unavailable !== undefined)('a run with a real MLflow server', () => {
  const folder = temporaryFolder();
  let server: MlflowServer;

  beforeAll(async () => {
    server = await MlflowServer.start();
  }, SET_UP_TIMEOUT_MS);

  afterAll(async () => {
    await server?.remove();
    folder[Symbol.dispose]();
  });

  /** The one run of an experiment. */
  async function readRun(experiment: string): Promise<MlflowRun> {
    const found = await server.get('experiments/get-by-name', { experiment_name: experiment });
    const { experiment_id } = found.experiment as { experiment_id: string };
    const { runs } = await server.post('runs/search', { experiment_ids: [experiment_id] });
    expect(runs).toHaveLength(1);
    return (runs as MlflowRun[])[0]!;
  }

  /** Everything that the run's journal holds stands on the server. */
  async function expectDelivered(run: string, experiment: string): Promise<void> {
    const { info, data } = await readRun(experiment);
    expect(info.status).toBe('FINISHED');
    const params = Object.fromEntries(data.params.map(({ key, value }) => [key, value]));
    expect(params).toMatchObject({
      seed: '7',
      'model.backbone.type': 'tiny',
      'stages.1.ssl.type': 'few-shot-dag',
    });

    const items = readJournal(run).entries.map(({ item }) => item);
    const losses = items.flatMap((item) =>
      item.kind === 'metrics' && 'train/loss' in item.metrics ? [item.metrics['train/loss']!] : [],
    );
    const history = await server.get('metrics/get-history', {
      run_id: info.run_id,
      metric_key: 'train/loss',
    });
    const delivered = (history.metrics as { step: number; value: number }[]).sort((a, b) => a.step - b.step);
    expect(delivered.map(({ value }) => value)).toEqual(losses);
    const final = items.flatMap((item) => (item.kind === 'metrics' ? Object.entries(item.metrics) : []));
    const onServer = Object.fromEntries(data.metrics.map(({ key, value }) => [key, value]));
    for (const [name, value] of final.filter(([key]) => key.startsWith('test/')))
      expect(onServer[name]).toBe(value);

    const artifacts = items.flatMap((item) => (item.kind === 'artifact' ? [item] : []));
    expect(artifacts.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['recipe.resolved.yaml', 'report.html', 'checkpoints/best.safetensors']),
    );
    for (const { path, file } of artifacts)
      expect((await artifact(info, path)).equals(readFileSync(join(run, file))), path).toBe(true);
  }

  async function artifact({ artifact_uri }: MlflowRun['info'], path: string): Promise<Buffer> {
    const root = artifact_uri.replace('mlflow-artifacts:/', '');
    const answer = await fetch(`${server.uri}/api/2.0/mlflow-artifacts/artifacts/${root}/${path}`);
    return Buffer.from(await answer.arrayBuffer());
  }

  test('that the recipe names: everything is there when the command ends', async () => {
    const tracking = `tracking={ type: mlflow, uri: "${server.uri}", experiment: e2e-recipe }`;
    const outcome = await fsxRun(TINY, folder.path, ['--set', tracking]);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(eventsOf(outcome.events, 'tracking')[0]?.delivery).toMatchObject({ unsent: 0 });
    await expectDelivered(runFolder(outcome), 'e2e-recipe');
  });

  test('that stops in the middle: the run ends well, and fsx sync delivers the rest', async () => {
    let stopping: Promise<void> | undefined;
    const outcome = await fsxRun(
      TINY,
      folder.path,
      ['--set', 'name=e2e-outage', '--set', 'stages.0.steps=60'],
      {
        env: { MLFLOW_TRACKING_URI: server.uri },
        onEvent: (event) => {
          if (event.kind === 'progress' && event.step === 20) stopping ??= server.stop();
        },
      },
    );
    await stopping;
    expect(outcome.code).toBe(0);
    const run = runFolder(outcome);
    expect(eventsOf(outcome.events, 'tracking')[0]?.delivery?.unsent).toBeGreaterThan(0);
    const offline = await fsx(['sync', run, '--uri', server.uri, '--timeout', '2']);
    expect(offline.code).toBe(8);

    await server.start();
    const synced = await fsx(['sync', run, '--uri', server.uri]);
    expect(synced.code).toBe(0);
    expect(synced.stdout).toContain('0 unsent');
    await expectDelivered(run, 'e2e-outage');
  });
});
