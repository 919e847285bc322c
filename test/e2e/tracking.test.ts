import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readJournal } from '../../src/core/tracking/journal-file.ts';
import { loadCursor, saveCursor } from '../../src/core/tracking/mlflow/cursor.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import {
  artifactNames,
  artifactOf,
  asRecord,
  historyOf,
  type ReadRun,
  runsOf,
} from '../support/mlflow-readback.ts';
import { MlflowServer, mlflowUnavailable, SET_UP_TIMEOUT_MS } from '../support/mlflow-server.ts';
import { eventsOf, fsx, fsxRun, runFolder, TINY, temporaryFolder } from './cli.ts';

const unavailable = await mlflowUnavailable();
if (unavailable !== undefined) console.warn(`skipped: ${unavailable}`);

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

  /** Everything that the run's journal holds stands on the server. */
  async function expectDelivered(run: string, experiment: string, name = experiment): Promise<void> {
    const found = (await runsOf(server, experiment)).filter(({ info }) => info.run_name === name);
    expect(found).toHaveLength(1);
    const { info, data, outputs } = found[0]!;
    expect(info.status).toBe('FINISHED');
    expect(asRecord(data.params)).toMatchObject({
      seed: '7',
      'model.backbone.type': 'tiny',
      'stages.1.ssl.type': 'few-shot-dag',
    });
    // the compare page opens with the params that differ; these always do
    expect(Object.keys(asRecord(data.params))).not.toContain('name');
    expect(Object.keys(asRecord(data.params))).not.toContain('output');
    expect(asRecord(data.tags)['fsx.run_directory']).toBe(run);

    const items = readJournal(run).entries.map(({ item }) => item);
    expect(items[0]!.kind).toBe('run-start');
    expect(Object.keys(asRecord(data.metrics))).toContain('system/cpu_utilization_percentage');
    const losses = items.flatMap((item) =>
      item.kind === 'metrics' && 'train/loss' in item.metrics ? [item.metrics['train/loss']!] : [],
    );
    const history = await historyOf(server, info.run_id, 'train/loss');
    const delivered = history.sort((a, b) => a.step - b.step);
    expect(delivered.map(({ value }) => value)).toEqual(losses);
    const final = items.flatMap((item) => (item.kind === 'metrics' ? Object.entries(item.metrics) : []));
    const onServer = asRecord(data.metrics);
    for (const [name, value] of final.filter(([key]) => key.startsWith('test/')))
      expect(onServer[name]).toBe(value);
    // MLflow draws bars for what has no other step
    expect(await historyOf(server, info.run_id, 'test/mre_mm')).toMatchObject([{ step: 0 }]);

    expect(asRecord(data.tags)['mlflow.note.content']).toMatch(/few-shot-dag(.|\n)*\| teacher \|/);
    const files = items.flatMap((item) => (item.kind === 'artifact' || item.kind === 'table' ? [item] : []));
    expect(files.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['recipe.resolved.yaml', 'report.html', 'tables/metrics.json']),
    );
    for (const { path, file } of files)
      expect(
        (await artifactOf(server, info.artifact_uri, path)).equals(readFileSync(join(run, file))),
        path,
      ).toBe(true);
    expect(await artifactNames(server, info.run_id, 'images')).not.toEqual([]);
    const { model } = await server.get(`logged-models/${outputs!.model_outputs![0]!.model_id}`, {});
    const { artifact_uri } = (model as { info: { artifact_uri: string } }).info;
    // the one that the recipe evaluates
    const weights = await artifactOf(server, artifact_uri, 'last.safetensors');
    expect(weights.equals(readFileSync(join(run, 'checkpoints/last.safetensors')))).toBe(true);
  }

  /** As when a busy server did not take the end of a run in time. */
  async function leaveEndUnsent({ info, data }: ReadRun): Promise<void> {
    const run = asRecord(data.tags)['fsx.run_directory'] as string;
    saveCursor(run, { ...loadCursor(run)!, sentSequence: readJournal(run).entries.length - 1 });
    await server.post('runs/update', { run_id: info.run_id, status: 'RUNNING' });
  }

  test('that the recipe names: everything is there when the command ends', async () => {
    const tracking = `tracking={ type: mlflow, uri: "${server.uri}", experiment: e2e-recipe }`;
    const env = { FSX_RUN_NAME: 'width=8', FSX_PARENT_KEY: 'sweep-of-e2e', FSX_PARENT_NAME: 'sweep' };
    const outcome = await fsxRun(TINY, folder.path, ['--set', tracking], { env });
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(eventsOf(outcome.events, 'tracking')[0]?.delivery).toMatchObject({ unsent: 0 });
    await expectDelivered(runFolder(outcome), 'e2e-recipe', 'width=8');
    const runs = await runsOf(server, 'e2e-recipe');
    const [trial, parent] = ['width=8', 'sweep'].map((name) =>
      runs.find(({ info }) => info.run_name === name),
    );
    expect(asRecord(trial!.data.tags)['mlflow.parentRunId']).toBe(parent!.info.run_id);
  });

  test('of a sweep: the parent of its trials holds the results, and going on with nothing left changes nothing', async () => {
    const file = join(folder.path, 'e2e-sweep.yaml');
    const stages = '[{ name: supervised, ssl: { type: supervised }, steps: 4 }]';
    const set = `{ engine: wasm, stages: ${stages}, evaluation: { overlays: 0 } }`;
    const launcher = '{ type: local, workers: 1 }';
    const sweep = [
      'name: e2e-sweep',
      `recipe: ${TINY}`,
      `set: ${set}`,
      'seeds: [1, 2]',
      `launcher: ${launcher}`,
    ];
    writeFileSync(file, sweep.join('\n'));
    const output = join(folder.path, 'e2e-sweep');
    const env = { MLFLOW_TRACKING_URI: server.uri };
    const swept = await fsx(['sweep', 'run', file, '--output', output], { env });
    expect(swept).toMatchObject({ code: 0, stderr: '' });
    const [late] = (await runsOf(server, 'e2e-sweep')).filter(({ info }) => info.run_name !== 'e2e-sweep');
    await leaveEndUnsent(late!);
    expect((await fsx(['sweep', 'resume', output], { env })).code).toBe(0);

    const runs = await runsOf(server, 'e2e-sweep');
    const parent = runs.find(({ info }) => info.run_name === 'e2e-sweep')!;
    const { run_id, status, artifact_uri } = parent.info;
    const trials = runs.filter(({ data }) => asRecord(data.tags)['mlflow.parentRunId'] === run_id);
    expect([status, runs.length, trials.length]).toEqual(['FINISHED', 3, 2]);
    expect(trials.map(({ info }) => info.status)).toEqual(['FINISHED', 'FINISHED']);
    // the names of trials have dots, which MLflow takes in no model's
    for (const { outputs } of trials) expect(outputs?.model_outputs).toHaveLength(1);
    expect(await historyOf(server, run_id, 'sweep/finished')).toMatchObject([{ step: 0, value: 2 }]);
    const means = trials.map(({ data }) => asRecord(data.metrics)['val/mre_px'] as number);
    expect(asRecord(parent.data.metrics)['best/val/mre_px']).toBeCloseTo((means[0]! + means[1]!) / 2, 10);
    expect(asRecord(parent.data.tags)['mlflow.note.content']).toContain(
      '2 of 2 trials finished; best: seeds 2, val/mre_px',
    );
    for (const path of ['results.html', 'best.yaml', 'tables/trials.json'])
      expect(
        (await artifactOf(server, artifact_uri, path)).equals(readFileSync(join(output, path))),
        path,
      ).toBe(true);
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

  test('with secrets: no byte that it writes, prints or sends holds one', async () => {
    const proxy = await FaultyProxy.before(server.uri);
    const secrets = ['t0ken-of-a-plugin', 'pa55-in-an-address', 't0ken-of-a-server'];
    const [pluginToken, password, serverToken] = secrets as [string, string, string];
    const plugin = join(folder.path, 'guarded-loss.ts');
    writeFileSync(plugin, GUARDED_LOSS);
    const options = {
      env: {
        GUARD: pluginToken,
        MLFLOW_TRACKING_URI: `http://ann:${password}@127.0.0.1:${proxy.port}`,
        MLFLOW_TRACKING_TOKEN: serverToken,
      },
    };
    const settings = (steps: number) => [
      ...['--set', `plugins=[${plugin}]`, '--set', 'name=e2e-secret', '--set', `stages.0.steps=${steps}`],
      ...['--set', `training.loss={ type: guarded, token: "\${secret:GUARD}", limit: 5 }`],
    ];
    const outcome = await fsxRun(TINY, folder.path, settings(4), options);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    const failed = await fsxRun(
      TINY,
      folder.path,
      [...settings(4), '--set', 'training.loss.limit=0'],
      options,
    );
    expect(failed.code).not.toBe(0);
    expect(failed.stderr).toContain('the loss said: ***');
    proxy.close();

    const run = runFolder(outcome);
    const written = readdirSync(run, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name)));
    const printed = [outcome, failed].flatMap(({ stdout, stderr }) => [
      Buffer.from(stdout),
      Buffer.from(stderr),
    ]);
    expect(written.length).toBeGreaterThan(10);
    expect(proxy.sent.length).toBeGreaterThan(20);
    for (const secret of [...secrets, Buffer.from(`ann:${password}`).toString('base64')])
      for (const bytes of [...written, ...printed, ...proxy.sent]) expect(bytes.includes(secret)).toBe(false);
    expect(readFileSync(join(run, 'recipe.resolved.yaml'), 'utf8')).toContain(`\${secret:GUARD}`);
  });
});

/** Says its secret aloud when it is made with a limit of 0; cannot be made without the right one. */
const GUARDED_LOSS = `
import { definePlugin, tf, Type, weightedMean } from 'fsx';
export default definePlugin({
  kind: 'loss',
  type: 'guarded',
  compares: 'landmarks',
  summary: 'L1 behind a password',
  source: 'this test',
  options: Type.Object({
    token: Type.String({ description: 'a secret', default: '' }),
    limit: Type.Number({ description: 'an error where 0', default: 1 }),
  }),
  create: ({ token, limit }) => {
    if (token !== process.env.GUARD || limit === 0) throw new Error('the loss said: ' + token);
    const evaluate = ({ landmarks }, targets, weight) => {
      const total = weightedMean(tf.sum(tf.abs(tf.sub(landmarks, targets)), 2), weight);
      return { total, parts: {} };
    };
    return { compares: 'landmarks', needs: ['coordinates'], evaluate };
  },
});
`;
