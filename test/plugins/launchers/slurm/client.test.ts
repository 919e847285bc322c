import { expect, test } from 'vitest';
import {
  parseAccounting,
  parseQueue,
  parseSubmission,
  SlurmClient,
} from '../../../../src/plugins/launchers/slurm/client.ts';
import { endedByItself, isOver, killerOf } from '../../../../src/plugins/launchers/slurm/states.ts';

/** What squeue of Slurm 22.05 said: tasks that wait, run, save after a requeue, ended, and lost their node. */
const SQUEUE = `18_0|PENDING|/data/my sweep/slurm/array-Qm3x/job.sh
1_3|COMPLETING|/data/my sweep/slurm/array-Qm3x/job.sh
20_0|RUNNING|/data/my sweep/slurm/array-Qm3x/job.sh
1_0|COMPLETED|/data/my sweep/slurm/array-Qm3x/job.sh
16_0|TIMEOUT|/data/my sweep/slurm/array-Qm3x/job.sh
17|CANCELLED|/data/my sweep/slurm/array-Qm3x/job.sh
19_0|NODE_FAIL|/data/my sweep/slurm/array-Qm3x/job.sh
9|RUNNING|(null)
`;

test('every task of the queue is read with its state and its script, whatever else the user runs', () => {
  const script = '/data/my sweep/slurm/array-Qm3x/job.sh';
  const tasks = parseQueue(SQUEUE);
  expect(tasks[0]).toEqual({ id: '18_0', state: 'PENDING', script });
  expect(tasks.at(-1)).toEqual({ id: '9', state: 'RUNNING', script: '(null)' });
  expect(tasks.filter(({ state }) => isOver(state)).map(({ id }) => id)).toEqual([
    '1_0',
    '16_0',
    '17',
    '19_0',
  ]);
  expect(parseQueue('')).toEqual([]);
});

test('a trial that waits again after its node failed is not taken for over, one that Slurm forgot is', () => {
  for (const state of [
    'PENDING',
    'CONFIGURING',
    'COMPLETING',
    'SUSPENDED',
    'REQUEUED',
    'a state of another version',
  ])
    expect(isOver(state)).toBe(false);
  expect(isOver(undefined)).toBe(true);
});

test('what killed a trial is told apart from an end of its own', () => {
  expect(['TIMEOUT', 'NODE_FAIL', 'OUT_OF_MEMORY'].map(killerOf)).toEqual([
    'TIMEOUT',
    'NODE_FAIL',
    'OUT_OF_MEMORY',
  ]);
  expect(['COMPLETED', 'FAILED', undefined].map(killerOf)).toEqual([undefined, undefined, undefined]);
  expect(['COMPLETED', 'FAILED', 'TIMEOUT', undefined].map(endedByItself)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test('the job number is read on one cluster and on one of several', () => {
  expect(parseSubmission('12\n')).toBe('12');
  expect(parseSubmission('12;north\n')).toBe('12');
});

test('accounting tells the last state, without who cancelled, and nothing of a task that it does not know', () => {
  expect(parseAccounting('NODE_FAIL\nTIMEOUT\n')).toBe('TIMEOUT');
  expect(parseAccounting('CANCELLED by 0\n')).toBe('CANCELLED');
  expect(parseAccounting('')).toBe(undefined);
});

test('a machine without Slurm is told to be one', async () => {
  const client = new SlurmClient({ PATH: '/nowhere' });
  await expect(client.submit([])).rejects.toMatchObject({
    ...{ code: 'FSX_SLURM_MISSING', message: 'there is no sbatch on this machine' },
    suggestion: expect.stringContaining('login node'),
  });
  await expect(client.queue()).rejects.toMatchObject({ code: 'FSX_SLURM_MISSING' });
});
