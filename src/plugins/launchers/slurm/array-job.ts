import { mkdir, mkdtemp, readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { TrialTask } from '../../../core/launching/launcher.ts';
import { shellWord } from '../../../core/launching/shell-word.ts';
import { type TrialScript, trialScriptPath, writeTrialScript } from '../../../core/launching/trial-script.ts';
import type { QueuedTask } from './client.ts';
import type { SlurmOptions } from './options.ts';

/** In an array job's folder: what Slurm starts, and the scripts of its trials, by their place in the array. */
const FILES = { script: 'job.sh', trials: 'trials.txt' };
/** In a job's own shell: the other array tasks are not meant. */
const QUEUE_AGAIN = 'scontrol requeue "$SLURM_JOB_ID"';

/**
 * Writes what an array job needs into a folder of its own, `slurm/array-…` in the sweep's.
 * @returns the path of the script that Slurm starts for each trial.
 */
export async function writeArrayJob(
  sweepFolder: string,
  tasks: readonly TrialTask[],
  {
    command,
    threads,
    ...options
  }: Pick<TrialScript, 'command' | 'threads'> & Pick<SlurmOptions, 'modules' | 'setUp'>,
): Promise<string> {
  const setUp = setUpLines(options);
  for (const task of tasks) await writeTrialScript(task, { command, threads, setUp, again: QUEUE_AGAIN });
  const jobs = await jobsFolder(sweepFolder);
  await mkdir(jobs, { recursive: true });
  const folder = await mkdtemp(join(jobs, 'array-'));
  const [script, trials] = [join(folder, FILES.script), join(folder, FILES.trials)];
  await writeFile(
    trials,
    tasks.map((task) => `${trialName(task, sweepFolder)}\n`),
  );
  await writeFile(script, scriptText(dirname(jobs), trials));
  return script;
}

/** Which of the tasks a task of Slurm's is; undefined for one of something else. */
export async function findTask(
  { id, script }: Pick<QueuedTask, 'id' | 'script'>,
  sweepFolder: string,
  tasks: readonly TrialTask[],
): Promise<TrialTask | undefined> {
  const folder = dirname(script);
  if (dirname(folder) !== (await jobsFolder(sweepFolder))) return undefined;
  const trials = await readFile(join(folder, FILES.trials), 'utf8').catch(() => '');
  const trial = trials.split('\n')[Number(id.split('_')[1])];
  return tasks.find((task) => trialName(task, sweepFolder) === trial);
}

/** What sbatch is told of an array job of so many trials. */
export function sbatchArguments(
  script: string,
  { name, count }: { readonly name: string; readonly count: number },
  options: SlurmOptions,
): string[] {
  const { partition, account, time, constraint, memory: mem, cpus, gpus, concurrent } = options;
  const optional = Object.entries({ partition, account, time, constraint, mem });
  return [
    `--array=0-${count - 1}${concurrent === 0 ? '' : `%${concurrent}`}`,
    `--job-name=${name}`,
    `--output=${join(dirname(script), '%a.log')}`,
    ...['--open-mode=append', '--requeue', `--signal=B:USR1@${options.saveBeforeSeconds}`],
    ...['--nodes=1', '--ntasks=1', `--cpus-per-task=${cpus}`],
    ...(gpus === 0 ? [] : [`--gres=gpu:${gpus}`]),
    ...optional.flatMap(([option, value]) => (value === '' ? [] : [`--${option}=${value}`])),
    ...options.sbatch,
    script,
  ];
}

/** Shells that are no login shells may not know `module`. */
function setUpLines({ modules, setUp }: Pick<SlurmOptions, 'modules' | 'setUp'>): string[] {
  if (modules.length === 0) return setUp;
  const loads = modules.map((name) => `module load ${name} || exit`);
  return ['type module >/dev/null 2>&1 || . /etc/profile', ...loads, ...setUp];
}

/** Slurm keeps a copy of it elsewhere, and runs that. */
function scriptText(sweepFolder: string, trials: string): string {
  return `#!/usr/bin/env bash
trial=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" ${shellWord(trials)})
exec bash ${shellWord(sweepFolder)}/"$trial"
`;
}

/** The same wherever the sweep lies. */
function trialName(task: TrialTask, sweepFolder: string): string {
  return relative(sweepFolder, trialScriptPath(task));
}

/** Without links: Slurm tells the path of a script, and the sweep may be named by another one now. */
async function jobsFolder(sweepFolder: string): Promise<string> {
  return join(await realpath(sweepFolder), 'slurm');
}
