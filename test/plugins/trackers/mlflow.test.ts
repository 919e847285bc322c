import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CURSOR_FILE } from '../../../src/core/tracking/mlflow/cursor.ts';
import { mlflowTracker } from '../../../src/plugins/trackers/mlflow.ts';
import { scriptedServer } from '../../support/scripted-server.ts';
import { beginRun, endRun, temporaryRun, trainSteps } from '../../support/tracked-run.ts';

const DEFAULTS = { uri: '', experiment: '', tags: {}, register: '' };

test('a run without a server keeps its journal and says how to see it in MLflow', async () => {
  const directory = temporaryRun();
  const options = { ...DEFAULTS, experiment: 'chest', tags: { cohort: 'pilot' } };
  const tracker = mlflowTracker.create(options, { recipeName: 'chest-5shot', environment: {} });
  tracker.follow(directory);
  beginRun(directory, 'chest').close();
  expect(tracker.description).toContain('no MLflow server');
  expect(await tracker.flush(1_000)).toEqual({
    sent: 0,
    unsent: 3,
    message: `to see the run in MLflow: fsx mlflow start, then fsx sync ${directory}`,
  });
  // what `fsx sync` needs of the recipe
  expect(JSON.parse(readFileSync(join(directory, CURSOR_FILE), 'utf8'))).toMatchObject(options);
});

test('the server comes from the environment, the experiment from the recipe, the password is not shown', () => {
  const environment = { MLFLOW_TRACKING_URI: 'http://ann:s3cret@host:5000/' };
  const tracker = mlflowTracker.create(DEFAULTS, { recipeName: 'chest-5shot', environment });
  expect(tracker.description).toBe('MLflow at http://host:5000, experiment chest-5shot');
});

test('an address in the recipe that is none stops the run before it starts, one in the environment does not', () => {
  const context = { recipeName: 'chest', environment: { MLFLOW_TRACKING_URI: 'file:///mlruns' } };
  expect(() => mlflowTracker.create({ ...DEFAULTS, uri: 'mlruns' }, context)).toThrow('"mlruns"');
  expect(mlflowTracker.create(DEFAULTS, context).description).toContain('"file:///mlruns"');
});

test.each([
  ['answers with a sign-in page', { body: '<html>Sign in</html>' }, 'not JSON'],
  ['refuses the password', { status: 401 }, 'HTTP 401'],
  ['hangs up', { hangUp: true }, 'socket hang up'],
  ['never answers', { silent: true }, 'no success in time'],
])('a server that %s fails no run: everything stays in the journal', async (_, answer, why) => {
  const directory = temporaryRun();
  const { uri } = await scriptedServer([answer]);
  const tracker = mlflowTracker.create({ ...DEFAULTS, uri }, { recipeName: 'chest', environment: {} });
  tracker.follow(directory);
  const journal = beginRun(directory, 'chest');
  trainSteps(journal, 1, 5);
  journal.close();
  const report = await tracker.flush(3_000);
  expect(report).toMatchObject({ sent: 0, unsent: 8 });
  expect(report.message).toContain(why);
  expect(report.message).toContain(`fsx sync ${directory}`);
});

test('artifacts that the server cannot take stay in the run folder, and the run is delivered without them', async () => {
  const directory = temporaryRun();
  const info = { run_id: 'r1', experiment_id: '1', artifact_uri: 's3://bucket/1/r1/artifacts' };
  const found = { runs: [{ info }] };
  const bodies = [{ experiment: { experiment_id: '1' } }, { runs: [] }, { run: { info } }, found, {}];
  const server = await scriptedServer(bodies.map((body) => ({ body: JSON.stringify(body) })));
  const context = { recipeName: 'chest', environment: {} };
  const tracker = mlflowTracker.create({ ...DEFAULTS, uri: server.uri }, context);
  endRun(beginRun(directory, 'chest'), directory, Buffer.from('report'));
  tracker.follow(directory);
  expect(await tracker.flush(3_000)).toMatchObject({
    unsent: 0,
    message: expect.stringContaining('1 artifact only in the run folder'),
    url: `${server.uri}/#/experiments/1/runs/r1?workflowType=machine_learning`,
  });
  expect(server.requests.filter(({ method }) => method === 'PUT')).toEqual([]);
});
