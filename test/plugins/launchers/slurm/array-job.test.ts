import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Value } from 'typebox/value';
import { afterAll, expect, test } from 'vitest';
import type { TrialTask } from '../../../../src/core/launching/launcher.ts';
import {
  findTask,
  sbatchArguments,
  writeArrayJob,
} from '../../../../src/plugins/launchers/slurm/array-job.ts';
import { type SlurmOptions, slurmOptions } from '../../../../src/plugins/launchers/slurm/options.ts';
import { RecipeFolder } from '../../../core/recipe/fixture.ts';

const folder = await RecipeFolder.create({
  'say.cjs': 'console.error(process.argv.at(2), process.env.CUDA)',
});
afterAll(() => folder[Symbol.asyncDispose]());

function sweepFolder(name: string): string {
  const path = folder.file(name);
  mkdirSync(path);
  return path;
}

function taskOf(sweep: string, id: string): TrialTask {
  const own = join(sweep, 'trials', `${id}.width-16`, '1');
  mkdirSync(own, { recursive: true });
  const where = { recipeFile: 'r.yaml', baseDirectory: '/b', environment: {}, handle: null };
  return { id, folder: own, ...where };
}

function writeJob(sweep: string, tasks: readonly TrialTask[], options: Partial<SlurmOptions> = {}) {
  const command = [process.execPath, folder.file('say.cjs')];
  return writeArrayJob(sweep, tasks, { command, threads: 4, modules: [], setUp: [], ...options });
}

const optionsOf = (options: Partial<SlurmOptions>) => Value.Default(slurmOptions, options) as SlurmOptions;

test('each array task runs the trial of its place, after the modules and the lines of set-up', async () => {
  const sweep = sweepFolder("it's a sweep");
  const tasks = ['003', '007'].map((id) => taskOf(sweep, id));
  writeFileSync(folder.file('modules.sh'), 'module() { [ "$2" = cuda/12 ] && CUDA=$2; }\n');
  const setUp = [`export CUDA=$CUDA-set-up`];
  const script = await writeJob(sweep, tasks, { modules: ['cuda/12'], setUp });
  const env = { ...process.env, SLURM_ARRAY_TASK_ID: '1', BASH_ENV: folder.file('modules.sh') };
  await promisify(execFile)('bash', [script], { env });
  expect(readFileSync(join(tasks[1]!.folder, 'stderr.log'), 'utf8')).toBe('run cuda/12-set-up\n');
  expect(readFileSync(join(tasks[1]!.folder, 'exit-code'), 'utf8')).toBe('0\n');
});

test('a trial whose module is missing does not start, and says which', async () => {
  const sweep = sweepFolder('module');
  const task = taskOf(sweep, '001');
  const script = await writeJob(sweep, [task], { modules: ['no-such'] });
  writeFileSync(folder.file('none.sh'), 'module() { echo "$2 is unknown" >&2; false; }\n');
  const env = { ...process.env, SLURM_ARRAY_TASK_ID: '0', BASH_ENV: folder.file('none.sh') };
  await expect(promisify(execFile)('bash', [script], { env })).rejects.toMatchObject({ code: 1 });
  expect(readFileSync(join(task.folder, 'stderr.log'), 'utf8')).toBe('no-such is unknown\n');
});

test('a job is found again by its script, however the sweep is named now, and no other job is taken for it', async () => {
  const sweep = sweepFolder('found');
  const tasks = ['001', '002', '003'].map((id) => taskOf(sweep, id));
  const script = await writeJob(sweep, tasks.slice(1));
  expect(await findTask({ id: '12_1', script }, sweep, tasks)).toBe(tasks[2]);
  symlinkSync(sweep, folder.file('link'));
  const linked = ['001', '002', '003'].map((id) => taskOf(folder.file('link'), id));
  expect(await findTask({ id: '12_0', script }, folder.file('link'), linked)).toBe(linked[1]);
  expect(await findTask({ id: '12_2', script }, sweep, tasks)).toBe(undefined);
  // finished meanwhile
  expect(await findTask({ id: '12_0', script }, sweep, [tasks[0]!])).toBe(undefined);
  const other = sweepFolder('other');
  expect(
    await findTask({ id: '12_1', script: await writeJob(other, [taskOf(other, '001')]) }, sweep, tasks),
  ).toBe(undefined);
  expect(await findTask({ id: '9', script: '(null)' }, sweep, tasks)).toBe(undefined);
});

test('sbatch is told what the options say and nothing of those that are empty, with the own ones last', () => {
  const script = '/s/slurm/array-1/job.sh';
  const plain = sbatchArguments(script, { name: 'lr', count: 3 }, optionsOf({}));
  expect(plain).toEqual([
    ...[
      '--array=0-2',
      '--job-name=lr',
      `--output=${dirname(script)}/%a.log`,
      '--open-mode=append',
      '--requeue',
    ],
    ...['--signal=B:USR1@120', '--nodes=1', '--ntasks=1', '--cpus-per-task=4', script],
  ]);
  const options = optionsOf({
    ...{
      partition: 'gpu',
      account: 'xray',
      time: '4:00:00',
      memory: '16G',
      constraint: 'a100',
      gpus: 1,
      cpus: 8,
    },
    ...{ concurrent: 2, saveBeforeSeconds: 300, sbatch: ['--qos=long', '--gres=gpu:a100:1'] },
  });
  const full = sbatchArguments(script, { name: 'lr', count: 3 }, options);
  const wanted = ['--array=0-2%2', '--partition=gpu', '--account=xray', '--time=4:00:00', '--mem=16G'];
  expect(full).toEqual(
    expect.arrayContaining([...wanted, '--constraint=a100', '--gres=gpu:1', '--cpus-per-task=8']),
  );
  expect(full).toContain('--signal=B:USR1@300');
  expect(full.slice(-3)).toEqual(['--qos=long', '--gres=gpu:a100:1', script]);
});
