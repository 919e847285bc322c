import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import Compare from '../../src/cli/commands/compare.ts';
import MlflowStart from '../../src/cli/commands/mlflow/start.ts';
import MlflowStatus from '../../src/cli/commands/mlflow/status.ts';
import MlflowStop from '../../src/cli/commands/mlflow/stop.ts';
import Sync from '../../src/cli/commands/sync.ts';
import { Journal } from '../../src/core/tracking/journal.ts';
import { syntheticPredictions, writeSyntheticRun } from '../core/evaluation/synthetic-run.ts';
import { MlflowRest, runsOf } from '../support/mlflow-readback.ts';
import { freePort, mlflowUnavailable, SET_UP_TIMEOUT_MS } from '../support/mlflow-server.ts';
import { scriptedServer } from '../support/scripted-server.ts';
import { runCommand } from './run-command.ts';

const unavailable = await mlflowUnavailable();
if (unavailable) console.warn(`SKIPPED, fsx mlflow is not tested: ${unavailable}`);

describe.skipIf(unavailable)('a person without an MLflow server', () => {
  const home = mkdtempSync(join(tmpdir(), 'fsx-mlflow-home-'));
  const folder = process.cwd();
  let port: string;

  beforeAll(async () => {
    vi.stubEnv('XDG_DATA_HOME', join(home, 'data'));
    vi.stubEnv('MLFLOW_TRACKING_URI', '');
    process.chdir(home);
    port = String(await freePort());
  });
  afterAll(async () => {
    await runCommand(MlflowStop, []);
    process.chdir(folder);
    rmSync(home, { recursive: true, force: true });
    vi.unstubAllEnvs();
  });

  test(
    'starts one, that only this machine reaches; started twice it is one; stopped and started again it has its runs',
    async () => {
      expect((await runCommand(MlflowStatus, [])).stdout).toContain('No MLflow server of fsx runs');
      const uri = `http://127.0.0.1:${port}`;
      const first = await runCommand(MlflowStart, ['--port', port]);
      expect(first).toMatchObject({ exitCode: 0, stderr: '' });
      expect(first.stdout).toContain(`runs now at ${uri}`);
      expect((await runCommand(MlflowStart, ['--port', port])).stdout).toContain(`runs already at ${uri}`);
      for (const { address, family } of Object.values(networkInterfaces()).flatMap((list) => list ?? []))
        if (family === 'IPv4' && address !== '127.0.0.1')
          await expect(fetch(`http://${address}:${port}/health`)).rejects.toThrow();

      // fsx sync finds it, and every run in runs/
      for (const noisePx of [3, 6]) await writeFinishedRun(join('runs', `noise-${noisePx}`), noisePx);
      const synced = await runCommand(Sync, []);
      expect(synced).toMatchObject({ exitCode: 0, stderr: '' });
      expect(synced.stdout.match(/4 sent, 0 unsent/g)).toHaveLength(2);

      await runCommand(MlflowStop, []);
      await expect(fetch(uri)).rejects.toThrow();
      expect((await runCommand(MlflowStatus, [])).stdout).toContain('No MLflow server of fsx runs');
      await runCommand(MlflowStart, ['--port', port]);
      expect((await runCommand(MlflowStatus, [])).stdout).toContain(`runs at ${uri}`);
      const ids = await runIds(uri);
      expect(ids).toHaveLength(2);

      const compared = await runCommand(Compare, ['--mlflow', ...ids]);
      expect(compared).toMatchObject({ exitCode: 0, stderr: '' });
      const local = await runCommand(Compare, [join('runs', 'noise-3'), join('runs', 'noise-6')]);
      expect(numbersIn(compared.stdout)).toEqual(numbersIn(local.stdout));
      const unknown = await runCommand(Compare, ['--mlflow', ids[0]!, '0'.repeat(32)]);
      expect(unknown).toMatchObject({
        exitCode: 8,
        stderr: expect.stringContaining('FSX_MLFLOW_RUN_UNKNOWN'),
      });
    },
    SET_UP_TIMEOUT_MS,
  );

  test('is told of another program at its port', async () => {
    const { uri } = await scriptedServer([{ body: 'another program' }]);
    const taken = ['--port', new URL(uri).port, '--store', join(home, 'other')];
    const { stderr, exitCode } = await runCommand(MlflowStart, taken);
    expect(exitCode).toBe(8);
    expect(stderr).toContain('--port');
  });
});

/** A finished run whose journal names its results. */
async function writeFinishedRun(directory: string, noisePx: number): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const spacing = { xMm: 0.5, yMm: 0.5 };
  const teacher = syntheticPredictions({ images: 12, noisePx, seed: `noise ${noisePx}`, spacing });
  await writeSyntheticRun(directory, { teacher });
  const journal = new Journal(directory);
  const run = { name: `noise ${noisePx}`, experiment: 'compared', recipeHash: 'f00d', tags: {} };
  journal.append({ kind: 'run-start', run });
  for (const file of ['metrics.json', 'predictions.csv'])
    journal.append({ kind: 'artifact', path: file, file });
  journal.append({ kind: 'run-end', status: 'finished' });
  journal.close();
}

/** In the order of their names. */
async function runIds(uri: string): Promise<string[]> {
  const runs = await runsOf(new MlflowRest(uri), 'compared');
  return runs.sort((a, b) => a.info.run_name.localeCompare(b.info.run_name)).map(({ info }) => info.run_id);
}

/** Of the rows of a table, without the names of the runs. */
function numbersIn(table: string): string[][] {
  const rows = table.split('\n').filter((line) => line.includes('±') && line.includes('noise'));
  return rows.map((row) =>
    row
      .split('│')
      .slice(2)
      .map((cell) => cell.trim()),
  );
}
