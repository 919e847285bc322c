import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { deliver, journalFinishedRun, SERVER_FAULTS, tallyDelivery } from '../../../support/delivery.ts';
import { FaultyProxy } from '../../../support/faulty-proxy.ts';
import { MlflowServer, mlflowUnavailable, SET_UP_TIMEOUT_MS } from '../../../support/mlflow-server.ts';
import { SmallDisk } from '../../../support/small-disk.ts';
import { temporaryRun } from '../../../support/tracked-run.ts';

const unavailable = await mlflowUnavailable();
if (unavailable) console.warn(`SKIPPED, faults of an MLflow server are not tested: ${unavailable}`);

describe.skipIf(unavailable)('a server that', () => {
  let server: MlflowServer;

  beforeAll(async () => {
    server = await MlflowServer.start();
  }, SET_UP_TIMEOUT_MS);
  afterAll(() => server?.remove());

  async function proxied(): Promise<FaultyProxy> {
    const proxy = await FaultyProxy.before(server.uri);
    onTestFinished(() => proxy.close());
    return proxy;
  }

  function finishedRun(experiment: string, reportBytes?: number): string {
    const directory = temporaryRun();
    journalFinishedRun(directory, experiment, reportBytes);
    return directory;
  }

  async function expectWhole(experiment: string, directory: string): Promise<void> {
    expect(await tallyDelivery(server, experiment, directory)).toEqual({ lost: [], doubled: [] });
  }

  test.each(SERVER_FAULTS)('%s gets everything in the end, once', async (name, fault) => {
    const proxy = await proxied();
    proxy.fault = (_, number) => (isTriangular(number) ? fault : 'none');
    const directory = finishedRun(name);
    for (let tries = 0, unsent = 1; unsent > 0; tries++) {
      expect(tries, 'deliveries that come to an end').toBeLessThan(30);
      ({ unsent } = await deliver(directory, proxy.uri));
    }
    expect(proxy.faults).toContain(fault);
    await expectWhole(name, directory);
  });

  test('answers every upload with a sign-in page has not got the files, and gets them later', async () => {
    const proxy = await proxied();
    const page = { status: 200, body: '<html>Sign in</html>' };
    proxy.fault = ({ method }) => (method === 'PUT' ? page : 'none');
    const directory = finishedRun('sign-in');
    const report = await deliver(directory, proxy.uri);
    expect(report.unsent).toBeGreaterThan(0);
    expect(report.message).toContain('the answer is not JSON');
    proxy.fault = () => 'none';
    expect(await deliver(directory, proxy.uri)).toMatchObject({ unsent: 0 });
    await expectWhole('sign-in', directory);
  });

  test('does again and again what it answers too late has it once', async () => {
    const proxy = await proxied();
    proxy.fault = ({ url = '' }) => (/get|search/.test(url) ? 'none' : { delayMs: 800 });
    const directory = finishedRun('too slow');
    for (let tries = 0; tries < 3; tries++) {
      const { unsent, message } = await deliver(directory, proxy.uri, { timeoutMs: 300 });
      expect(unsent).toBeGreaterThan(0);
      expect(message).toContain('fsx sync');
    }
    proxy.fault = () => ({ delayMs: 50 });
    expect(await deliver(directory, proxy.uri)).toMatchObject({ unsent: 0 });
    await expectWhole('too slow', directory);
  });

  test('has no room for an artifact gets it once there is room', async ({ skip }) => {
    const artifacts = join(server.store, 'artifacts');
    mkdirSync(artifacts, { recursive: true });
    const disk = SmallDisk.mount(artifacts, '64k');
    if (typeof disk === 'string') return skip(`a small disk cannot be mounted here: ${disk}`);
    onTestFinished(() => disk.unmount());
    const directory = finishedRun('full', 200_000);
    const report = await deliver(directory, server.uri);
    expect(report.unsent).toBeGreaterThan(0);
    // it answers, or hangs up before it has read all of the file
    expect(report.message).toMatch(/HTTP 500|ECONNRESET|EPIPE/);
    disk.remount('size=8m');
    expect(await deliver(directory, server.uri)).toMatchObject({ unsent: 0 });
    await expectWhole('full', directory);
  });
});

/** 1, 3, 6, 10, …: rarer and rarer, so that something is done even where one fault ends a delivery. */
function isTriangular(number: number): boolean {
  return Number.isInteger(Math.sqrt(8 * number + 1));
}
