import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import Sync from '../../src/cli/commands/sync.ts';
import { EXIT_CODES } from '../../src/core/errors.ts';
import { mlflowTracker } from '../../src/plugins/trackers/mlflow.ts';
import { MlflowServer, mlflowUnavailable, SET_UP_TIMEOUT_MS } from '../support/mlflow-server.ts';
import { beginRun, endRun, temporaryRun, trainSteps } from '../support/tracked-run.ts';
import { runCommand } from './run-command.ts';

// a server of `fsx mlflow start` on the developer's machine is not this test's
vi.stubEnv('XDG_DATA_HOME', join(tmpdir(), 'fsx-no-such-folder'));
vi.stubEnv('MLFLOW_TRACKING_URI', '');

test('a run without a server asks for one, and a folder that is no run is said to be none', async () => {
  const directory = temporaryRun();
  const noRun = await runCommand(Sync, [directory]);
  expect(noRun).toMatchObject({ exitCode: EXIT_CODES.run, stderr: expect.stringContaining('journal.jsonl') });
  beginRun(directory, 'sync').close();
  const noServer = await runCommand(Sync, [directory]);
  expect(noServer).toMatchObject({ exitCode: EXIT_CODES.tracking, stderr: expect.stringContaining('--uri') });
});

test('a server that is down leaves everything in the journal and exits with 8', async () => {
  const directory = temporaryRun();
  beginRun(directory, 'sync').close();
  const outcome = await runCommand(Sync, [directory, '--uri', 'http://127.0.0.1:9']);
  expect(outcome.exitCode).toBe(EXIT_CODES.tracking);
  expect(outcome.stdout).toMatch(/0 sent, 3 unsent; 3 items unsent \(.*ECONNREFUSED/);
});

const unavailable = await mlflowUnavailable();
if (unavailable) console.warn(`SKIPPED, fsx sync is not tested against MLflow: ${unavailable}`);

describe.skipIf(unavailable)('with a real MLflow server', () => {
  let server: MlflowServer;

  beforeAll(async () => {
    server = await MlflowServer.start();
  }, SET_UP_TIMEOUT_MS);
  afterAll(() => server?.remove());

  test('a server that stops in the middle of a run stops nothing, and sync delivers the rest once', async () => {
    const directory = temporaryRun();
    const options = { uri: server.uri, experiment: 'interrupted', tags: {}, register: '' };
    const tracker = mlflowTracker.create(options, { recipeName: 'chest', environment: {} });
    tracker.follow(directory);
    const journal = beginRun(directory, 'interrupted');
    trainSteps(journal, 1, 50);
    await expect.poll(() => lastStep(server, 'interrupted'), { timeout: 20_000 }).toBe(50);

    await server.stop();
    trainSteps(journal, 51, 100);
    endRun(journal, directory, Buffer.from('report'));
    const report = await tracker.flush(5_000);
    expect(report.unsent).toBe(52);
    expect(report.message).toContain(`fsx sync ${directory}`);

    await server.start();
    const first = await runCommand(Sync, [directory]);
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(first.stdout).toContain(
      `${directory}: 52 sent, 0 unsent; everything is in MLflow\n  ${report.url}`,
    );
    expect(await lastStep(server, 'interrupted')).toBe(100);
    const second = await runCommand(Sync, [directory]);
    expect(second.stdout).toContain('0 sent, 0 unsent');
  }, 180_000);

  test('several runs made without any tracker are sent to the server named, and a later run goes on there', async () => {
    const parent = temporaryRun();
    const directories = ['a', 'b'].map((name) => join(parent, name));
    for (const directory of directories) {
      mkdirSync(directory);
      const journal = beginRun(directory, 'untracked');
      trainSteps(journal, 1, 3);
      journal.close();
    }
    const outcome = await runCommand(Sync, [...directories, '--uri', server.uri]);
    expect(outcome.exitCode).toBe(0);
    expect(outcome.stdout.match(/6 sent, 0 unsent/g)).toHaveLength(2);
    expect(existsSync(join(parent, 'a', 'mlflow.cursor.json'))).toBe(true);
    expect(await lastStep(server, 'untracked')).toBe(3);
  });
});

/** The step of the last `train/loss` that the newest run of an experiment has on the server. */
async function lastStep(server: MlflowServer, experiment: string): Promise<number | undefined> {
  const found = await server.get('experiments/get-by-name', { experiment_name: experiment });
  const id = (found.experiment as { experiment_id: string } | undefined)?.experiment_id;
  if (id === undefined) return undefined;
  const answer = await server.post('runs/search', { experiment_ids: [id] });
  const runs = answer.runs as { data: { metrics?: { key: string; step: number }[] } }[] | undefined;
  return runs?.[0]?.data.metrics?.find((metric) => metric.key === 'train/loss')?.step;
}
