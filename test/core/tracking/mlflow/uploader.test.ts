import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Journal } from '../../../../src/core/tracking/journal.ts';
import { CURSOR_FILE } from '../../../../src/core/tracking/mlflow/cursor.ts';
import { syncRun } from '../../../../src/core/tracking/mlflow/sync.ts';
import { mlflowTracker } from '../../../../src/plugins/trackers/mlflow.ts';
import { artifactOf, asRecord, historyOf, runsOf } from '../../../support/mlflow-readback.ts';
import { MlflowServer, mlflowUnavailable, SET_UP_TIMEOUT_MS } from '../../../support/mlflow-server.ts';
import { beginRun, endRun, temporaryRun, trainSteps } from '../../../support/tracked-run.ts';

const unavailable = await mlflowUnavailable();
if (unavailable) console.warn(`SKIPPED, tracking is not tested against MLflow: ${unavailable}`);

describe.skipIf(unavailable)('with a real MLflow server', () => {
  let server: MlflowServer;

  beforeAll(async () => {
    server = await MlflowServer.start();
  }, SET_UP_TIMEOUT_MS);
  afterAll(() => server?.remove());

  function newTracker(experiment: string, tags: Record<string, string> = {}) {
    return mlflowTracker.create(
      { uri: server.uri, experiment, tags, register: '' },
      { recipeName: 'chest', environment: {} },
    );
  }

  test('everything that a run tracked is read back from the server, NaN aside', async () => {
    const directory = temporaryRun();
    const tracker = newTracker('readback', { cohort: 'pilot' });
    const journal = beginRun(directory, 'readback');
    tracker.follow(directory);
    trainSteps(journal, 1, 1_500);
    journal.append({ kind: 'metrics', step: 1_501, metrics: { 'train/loss': Number.NaN, 'val/größe': 9 } });
    const report = randomBytes(300_000);
    endRun(journal, directory, report);

    const delivery = await tracker.flush(20_000);
    expect(delivery).toMatchObject({ sent: 1_506, unsent: 0, message: 'everything is in MLflow' });

    const [run] = await runsOf(server, 'readback');
    expect(delivery.url).toBe(
      `${server.uri}/#/experiments/${run!.info.experiment_id}/runs/${run!.info.run_id}?workflowType=machine_learning`,
    );
    expect(run!.info).toMatchObject({ run_name: 'chest', status: 'FINISHED' });
    expect(asRecord(run!.data.params)).toEqual({ seed: '7', names_0_: 'größe' });
    expect(asRecord(run!.data.tags)).toMatchObject({
      cohort: 'pilot',
      'mlflow.user': 'radiologist',
      'mlflow.source.git.commit': 'abc123',
      'fsx.run_id': journal.header.runId,
    });
    const losses = await historyOf(server, run!.info.run_id, 'train/loss');
    expect(losses.map(({ step, value }) => [step, value])).toEqual(
      Array.from({ length: 1_500 }, (_, index) => [index + 1, 1 / (index + 1)]),
    );
    expect(asRecord(run!.data.metrics)).toMatchObject({ 'val/größe': 9, 'health/nonfinite': 1 });
    expect(run!.inputs.dataset_inputs).toMatchObject([
      { dataset: { name: 'chest-phantom', digest: 'd1' }, tags: [{ value: 'labeled' }] },
    ]);
    expect(
      (await artifactOf(server, run!.info.artifact_uri, 'report/näive report.html')).equals(report),
    ).toBe(true);
  });

  test('sending a run again from the beginning changes nothing on the server', async () => {
    const directory = temporaryRun();
    const journal = beginRun(directory, 'twice');
    trainSteps(journal, 1, 20);
    endRun(journal, directory, Buffer.from('report'));
    const options = { uri: server.uri, environment: {}, timeoutMs: 20_000 };
    const first = await syncRun(directory, options);
    const before = await runsOf(server, 'twice');
    const history = await historyOf(server, before[0]!.info.run_id, 'train/loss');

    expect(await syncRun(directory, options)).toMatchObject({ sent: 0, unsent: 0, url: first.url });
    // as after a crash between making the run and writing down its id
    rmSync(join(directory, CURSOR_FILE));
    expect(await syncRun(directory, options)).toMatchObject({ sent: 25, unsent: 0, url: first.url });

    expect(await runsOf(server, 'twice')).toEqual(before);
    expect(await historyOf(server, before[0]!.info.run_id, 'train/loss')).toEqual(history);
  });

  test('a resumed run is the same run, running again and then finished, each point once', async () => {
    const directory = temporaryRun();
    const journal = beginRun(directory, 'resume');
    trainSteps(journal, 1, 10);
    const checkpointed = journal.sequence;
    trainSteps(journal, 11, 15);
    journal.append({ kind: 'run-end', status: 'killed' });
    journal.close();
    const killed = newTracker('resume');
    killed.follow(directory);
    await killed.flush(20_000);
    expect((await runsOf(server, 'resume'))[0]!.info.status).toBe('KILLED');

    const resumed = newTracker('resume');
    resumed.follow(directory);
    const again = beginRun(directory, 'resume', { resumeAfter: checkpointed });
    trainSteps(again, 11, 20);
    await expect
      .poll(async () => (await runsOf(server, 'resume'))[0]!.info.status, { timeout: 10_000 })
      .toBe('RUNNING');
    endRun(again, directory, Buffer.from('report'));
    expect(await resumed.flush(20_000)).toMatchObject({ unsent: 0 });

    const runs = await runsOf(server, 'resume');
    expect(runs.map((run) => run.info.status)).toEqual(['FINISHED']);
    const steps = (await historyOf(server, runs[0]!.info.run_id, 'train/loss')).map((point) => point.step);
    expect(steps).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  test('one param that the server refuses keeps nothing else from it', async () => {
    const directory = temporaryRun();
    const journal = beginRun(directory, 'refused');
    journal.append({ kind: 'params', params: { seed: '8', 'model.head.type': 'dag' } });
    trainSteps(journal, 1, 3);
    journal.close();
    const tracker = newTracker('refused');
    tracker.follow(directory);
    const delivery = await tracker.flush(20_000);

    expect(delivery).toMatchObject({ unsent: 1 });
    expect(delivery.message).toContain('1 item refused by MLflow');
    const [run] = await runsOf(server, 'refused');
    expect(asRecord(run!.data.params)).toEqual({
      seed: '7',
      names_0_: 'größe',
      'model.head.type': 'dag',
    });
    expect(await historyOf(server, run!.info.run_id, 'train/loss')).toHaveLength(3);
  });

  test('a run that was deleted in MLflow is not made again behind the back of whoever deleted it', async () => {
    const directory = temporaryRun();
    beginRun(directory, 'deleted').close();
    const options = { uri: server.uri, environment: {}, timeoutMs: 20_000 };
    await syncRun(directory, options);
    const [run] = await runsOf(server, 'deleted');
    await server.post('runs/delete', { run_id: run!.info.run_id });
    continueTraining(directory, 1);

    const delivery = await syncRun(directory, options);
    expect(delivery.unsent).toBe(1);
    expect(delivery.message).toContain('was deleted in MLflow');
    rmSync(join(directory, CURSOR_FILE));
    expect((await syncRun(directory, options)).message).toContain('was deleted in MLflow');
    expect(await runsOf(server, 'deleted')).toEqual([]);
  });

  test('a server that has lost the run, or another server, gets all of it', async () => {
    const directory = temporaryRun();
    const journal = beginRun(directory, 'moved');
    trainSteps(journal, 1, 3);
    journal.close();
    const cursorFile = join(directory, CURSOR_FILE);
    const options = { uri: server.uri, environment: {}, timeoutMs: 20_000 };
    await syncRun(directory, options);
    const [run] = await runsOf(server, 'moved');
    const cursor = readFileSync(cursorFile, 'utf8').replaceAll(run!.info.run_id, '0'.repeat(32));
    writeFileSync(cursorFile, cursor);
    expect(await syncRun(directory, options)).toMatchObject({ sent: 0, unsent: 0 });
    continueTraining(directory, 4);
    expect(await syncRun(directory, options)).toMatchObject({ sent: 7, unsent: 0 });
    expect(await runsOf(server, 'moved')).toHaveLength(1);
  });
});

function continueTraining(directory: string, step: number): void {
  const journal = new Journal(directory);
  trainSteps(journal, step, step);
  journal.close();
}
