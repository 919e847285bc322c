import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { LaunchRequest, TrialEnd, TrialTask } from '../../../core/launching/launcher.ts';
import { shellWord } from '../../../core/launching/shell-word.ts';
import { readTrialEnd, writeTrialScript } from '../../../core/launching/trial-script.ts';
import type { JobRequest, RayClient, RayJob } from './client.ts';
import { endByRay, endedByItself, hasWaitedTooLong, STOPPED } from './job-end.ts';

export interface TrialJobOptions {
  /** What every trial asks for. */
  readonly resources: Pick<JobRequest, 'cpus' | 'gpus' | 'memoryBytes' | 'resources' | 'environment'>;
  readonly threads: number | undefined;
  readonly setUp: readonly string[];
  /** Jobs that may wait or run at a time. */
  readonly concurrent: number;
  /** How many times a trial that was killed is submitted again. */
  readonly resubmit: number;
  readonly pollMs: number;
}

interface Trial {
  readonly task: TrialTask;
  /** How many times it was killed. */
  readonly deaths: number;
  /** How its last job ended; null when it had none. */
  readonly lastEnd: TrialEnd | null;
}

interface SubmittedTrial extends Trial {
  status: RayJob['status'];
  stopping: boolean;
  /** When its job was first seen to have ended. */
  overAtMs?: number;
}

/** It may be a mistake in the address. */
const FIRST_PATIENCE_MS = 5_000;
/** How long a machine may not see what another one wrote to a disk that they share. */
const SHARED_DISK_MS = 60_000;

/** The jobs of a sweep's trials, from the first submission to the last end. */
export class TrialJobs {
  readonly #request: LaunchRequest;
  readonly #client: RayClient;
  readonly #options: TrialJobOptions;
  #waiting: Trial[] = [];
  /** By submission id. */
  readonly #submitted = new Map<string, SubmittedTrial>();
  /** All trials ask for the same: where one has run, the others can. */
  #oneHasRun = false;

  constructor(request: LaunchRequest, client: RayClient, options: TrialJobOptions) {
    this.#request = request;
    this.#client = client;
    this.#options = options;
  }

  async run(): Promise<void> {
    await this.#findAgain();
    while (true) {
      await this.#submit();
      await this.#stop();
      if (this.#submitted.size === 0) break;
      await delay(this.#options.pollMs);
      await this.#look();
    }
    for (const { task, lastEnd } of this.#waiting)
      if (lastEnd !== null) await this.#request.ended(task, lastEnd);
  }

  /** A handle was on disk before its job was submitted: one that Ray does not know may never have been. */
  async #findAgain(): Promise<void> {
    const jobs = await this.#client.jobs(FIRST_PATIENCE_MS);
    for (const task of this.#request.tasks) {
      const job = jobs.get(task.handle ?? '');
      const trial = { task, deaths: 0, lastEnd: task.handle === null ? null : STOPPED };
      if (job === undefined) this.#waiting.push(trial);
      else this.#submitted.set(task.handle!, { ...trial, status: job.status, stopping: false });
    }
  }

  async #submit(): Promise<void> {
    const { stop, hold } = this.#request;
    while (!stop.aborted && !hold.aborted && this.#submitted.size < this.#options.concurrent) {
      const trial = this.#waiting.shift();
      if (trial === undefined) return;
      await this.#submitOne(trial);
    }
  }

  async #submitOne(trial: Trial): Promise<void> {
    const { name, command, started } = this.#request;
    const { threads, setUp, resources } = this.#options;
    const submissionId = `fsx-${name}-${trial.task.id}-${randomUUID().slice(0, 8)}`;
    const script = await writeTrialScript(trial.task, { command, threads, setUp });
    await started(trial.task, submissionId);
    this.#submitted.set(submissionId, { ...trial, status: 'PENDING', stopping: false });
    const entrypoint = `exec bash ${shellWord(script)}`;
    const metadata = { sweep: name, trial: trial.task.id };
    await this.#client.submit({ submissionId, entrypoint, metadata, ...resources });
  }

  /** Stops all jobs, or those that have not begun when the sweep is held. */
  async #stop(): Promise<void> {
    const { stop, hold } = this.#request;
    if (!stop.aborted && !hold.aborted) return;
    for (const [submissionId, trial] of this.#submitted) {
      if (trial.stopping || !(stop.aborted || trial.status === 'PENDING')) continue;
      await this.#client.stop(submissionId);
      trial.stopping = true;
    }
  }

  async #look(): Promise<void> {
    const jobs = await this.#client.jobs();
    for (const [submissionId, trial] of [...this.#submitted]) {
      const job = jobs.get(submissionId);
      trial.status = job?.status ?? trial.status;
      this.#oneHasRun ||= job?.ran ?? false;
      // Ray stops it when it starts, whenever that is
      const isLeft = trial.stopping && job?.status === 'PENDING';
      const end = isLeft ? STOPPED : await endOf(trial, job);
      if (end !== undefined) await this.#settle(submissionId, end, job);
    }
  }

  /** Of a trial whose job has ended, or may be left to Ray. */
  async #settle(submissionId: string, end: TrialEnd, job: RayJob | undefined): Promise<void> {
    const { task, deaths, stopping } = this.#submitted.get(submissionId)!;
    this.#submitted.delete(submissionId);
    if (end.killedBy === null || stopping) await this.#request.ended(task, end);
    else if (job !== undefined && hasWaitedTooLong(job) && this.#oneHasRun)
      this.#waiting.push({ task, deaths, lastEnd: STOPPED });
    else if (deaths < this.#options.resubmit)
      this.#waiting.unshift({ task, deaths: deaths + 1, lastEnd: end });
    else await this.#request.ended(task, end);
  }
}

/**
 * How a trial ended; undefined while it goes on, or its own words cannot be read yet.
 * @param job undefined when Ray does not know it any more.
 */
async function endOf(trial: SubmittedTrial, job: RayJob | undefined): Promise<TrialEnd | undefined> {
  if (job?.status === 'PENDING' || job?.status === 'RUNNING') return undefined;
  if (job?.status === 'STOPPED') return STOPPED;
  const end = await readTrialEnd(trial.task);
  if (end !== undefined) return end;
  trial.overAtMs ??= performance.now();
  const wrote = job !== undefined && endedByItself(job);
  return wrote && performance.now() - trial.overAtMs < SHARED_DISK_MS ? undefined : endByRay(job);
}
