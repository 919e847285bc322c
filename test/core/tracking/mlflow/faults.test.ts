import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parseServerAddress } from '../../../../src/core/tracking/mlflow/server-address.ts';
import { MlflowUploader } from '../../../../src/core/tracking/mlflow/uploader.ts';
import { type Fault, FaultyProxy } from '../../../support/faulty-proxy.ts';
import { artifactOf, asRecord, historyOf, runsOf } from '../../../support/mlflow-readback.ts';
import { MlflowServer, mlflowUnavailable, SET_UP_TIMEOUT_MS } from '../../../support/mlflow-server.ts';
import { beginRun, endRun, temporaryRun, trainSteps } from '../../../support/tracked-run.ts';

const unavailable = await mlflowUnavailable();
if (unavailable) console.warn(`SKIPPED, faults of an MLflow server are not tested: ${unavailable}`);

const RETRY = {
  ...{ retries: 2, initialDelayMs: 5, maxDelayMs: 20, breakAfter: 30, pauseMs: 20 },
  timeoutMs: 10_000,
};
const HTML = '<html><body>502 Bad Gateway</body></html>';

/** What happens to some of the requests. */
const FAULTS: [name: string, fault: Fault][] = [
  ['cuts connections', 'cut'],
  ['does what it is asked, and its answer is lost', 'lose-answer'],
  ['breaks off in the middle of an answer', 'cut-answer'],
  ['answers 500', { status: 500, body: '{"error_code":"INTERNAL_ERROR","message":"database is locked"}' }],
  ['answers 429 and asks to wait', { status: 429, headers: { 'retry-after': '0' }, body: '{}' }],
  ['answers HTML with 502', { status: 502, body: HTML }],
  ['answers HTML with 200', { status: 200, body: HTML }],
  ['answers half of a JSON object', { status: 200, body: '{"run": {"info": {"run_i' }],
  ['refuses the password', { status: 401, body: '{}' }],
];

describe.skipIf(unavailable)('a server that', () => {
  let server: MlflowServer;
  let report: Buffer;

  beforeAll(async () => {
    server = await MlflowServer.start();
    report = Buffer.from('<html>report</html>');
  }, SET_UP_TIMEOUT_MS);
  afterAll(() => server?.remove());

  async function proxied(): Promise<FaultyProxy> {
    const proxy = await FaultyProxy.before(server.uri);
    onTestFinished(() => proxy.close());
    return proxy;
  }

  function finishedRun(experiment: string): string {
    const directory = temporaryRun();
    const journal = beginRun(directory, experiment);
    trainSteps(journal, 1, 20);
    const weights = 'best.safetensors';
    writeFileSync(join(directory, weights), 'weights');
    const files = [{ path: weights, file: weights }];
    journal.append({
      kind: 'model',
      model: { name: 'chest', step: 20, files, flavor: { backbone: 'tiny' } },
    });
    endRun(journal, directory, report);
    return directory;
  }

  function uploader(directory: string, uri: string, timeoutMs = RETRY.timeoutMs): MlflowUploader {
    return new MlflowUploader({
      ...{ runDirectory: directory, experiment: '', tags: {}, register: '' },
      address: parseServerAddress(uri, {}),
      retry: { ...RETRY, timeoutMs },
    });
  }

  /** Everything is there, and once. */
  async function expectWhole(experiment: string): Promise<void> {
    const runs = await runsOf(server, experiment);
    expect(runs.map(({ info }) => info.status)).toEqual(['FINISHED']);
    const [run] = runs;
    const losses = await historyOf(server, run!.info.run_id, 'train/loss');
    expect(losses.map(({ step, value }) => [step, value])).toEqual(
      Array.from({ length: 20 }, (_, index) => [index + 1, 1 / (index + 1)]),
    );
    expect(asRecord(run!.data.params)).toMatchObject({ seed: '7' });
    expect(run!.inputs.dataset_inputs).toHaveLength(1);
    const stored = await artifactOf(server, run!.info.artifact_uri, 'report/näive report.html');
    expect(stored.equals(report)).toBe(true);
    const read = (await server.get('runs/get', { run_id: run!.info.run_id })).run as typeof run;
    expect(read!.outputs?.model_outputs).toHaveLength(1);
    const models = await server.post('logged-models/search', { experiment_ids: [run!.info.experiment_id] });
    expect(models.models).toHaveLength(1);
  }

  test.each(FAULTS)('%s gets everything in the end, once', async (name, fault) => {
    const proxy = await proxied();
    proxy.fault = (_, number) => (isTriangular(number) ? fault : 'none');
    const directory = finishedRun(name);
    for (let tries = 0, unsent = 1; unsent > 0; tries++) {
      expect(tries, 'deliveries that come to an end').toBeLessThan(30);
      ({ unsent } = await uploader(directory, proxy.uri).flush(60_000));
    }
    expect(proxy.faults).toContain(fault);
    await expectWhole(name);
  });

  test('is slow gets everything, as long as its answers are waited for', async () => {
    const proxy = await proxied();
    proxy.fault = () => ({ delayMs: 200 });
    const directory = finishedRun('slow');
    expect(await uploader(directory, proxy.uri).flush(60_000)).toMatchObject({ unsent: 0 });
    await expectWhole('slow');
  });

  test('does again and again what it answers too late has it once', async () => {
    const proxy = await proxied();
    proxy.fault = ({ url = '' }) => (/get|search/.test(url) ? 'none' : { delayMs: 1_000 });
    const directory = finishedRun('too slow');
    for (let tries = 0; tries < 3; tries++) {
      const { unsent, message } = await uploader(directory, proxy.uri, 500).flush(5_000);
      expect(unsent).toBeGreaterThan(0);
      expect(message).toContain('fsx sync');
    }
    proxy.fault = () => 'none';
    expect(await uploader(directory, proxy.uri).flush(60_000)).toMatchObject({ unsent: 0, message: 'everything is in MLflow' });
    await expectWhole('too slow');
  });
});

/** 1, 3, 6, 10, …: rarer and rarer, so that something is done even where one fault ends a delivery. */
function isTriangular(number: number): boolean {
  return Number.isInteger(Math.sqrt(8 * number + 1));
}
