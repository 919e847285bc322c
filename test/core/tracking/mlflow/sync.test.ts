import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findRuns } from '../../../../src/core/tracking/mlflow/sync.ts';
import { beginRun, temporaryRun } from '../../../support/tracked-run.ts';

test('a sync of everything forgets no run of a sweep or a benchmark', () => {
  const root = temporaryRun();
  expect(findRuns(join(root, 'runs'))).toEqual([]);
  const runs = ['a', 'benchmarks/quick/trials/b', 'sweeps/small/trials/001/1/c'].map((run) =>
    join(root, 'runs', run),
  );
  for (const run of runs) {
    mkdirSync(join(run, 'checkpoints'), { recursive: true });
    beginRun(run, 'sync').close();
  }
  expect(findRuns(join(root, 'runs'))).toEqual(runs);
});
