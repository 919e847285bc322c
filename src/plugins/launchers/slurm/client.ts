import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { RunError } from '../../../core/errors.ts';
import type { LauncherContext } from '../../../core/launching/launcher.ts';

const run = promisify(execFile);
const MOST_OUTPUT = 64 * 2 ** 20;

/** A task of an array job, as squeue shows it. */
export interface QueuedTask {
  /** `12_3`: the third task of job 12. */
  readonly id: string;
  /** `RUNNING`. */
  readonly state: string;
  /** The job script. */
  readonly script: string;
}

/** Slurm by its own commands; it has no other interface that is found on every cluster. */
export class SlurmClient {
  readonly #environment: LauncherContext['environment'];

  constructor(environment: LauncherContext['environment']) {
    this.#environment = environment;
  }

  /**
   * Submits an array job.
   * @returns its number.
   * @throws {RunError} FSX_SLURM_MISSING, or FSX_SLURM_SUBMIT with what sbatch says.
   */
  async submit(args: readonly string[]): Promise<string> {
    const answer = await this.#ask('sbatch', ['--parsable', ...args], {
      code: 'FSX_SLURM_SUBMIT',
      suggestion: "Change the launcher's options; `fsx plugins show launcher/slurm` lists them.",
    });
    return parseSubmission(answer);
  }

  /**
   * The tasks of the user's array jobs, those that ended minutes ago included.
   * @throws {RunError} FSX_SLURM_MISSING, or FSX_SLURM_QUEUE with what squeue says.
   */
  async queue(): Promise<QueuedTask[]> {
    const args = ['--me', '--array', '--noheader', '--states=all', '--format=%i|%T|%o'];
    const answer = await this.#ask('squeue', args, {
      code: 'FSX_SLURM_QUEUE',
      suggestion: 'Try again when Slurm answers; trials that were submitted go on, and are found again.',
    });
    return parseQueue(answer);
  }

  /** The state by which a task ended, that Slurm has forgotten; undefined where there is no accounting. */
  async accountedState(id: string): Promise<string | undefined> {
    const args = ['--jobs', id, '--allocations', '--noheader', '--parsable2', '--format=State'];
    return parseAccounting(await this.#tell('sacct', args));
  }

  /** Takes tasks from the queue unless they have begun. */
  async cancelWaiting(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#tell('scancel', ['--state=PENDING', ...ids]);
  }

  /** Sends SIGTERM to every process of tasks, without the SIGKILL that follows it when a job is cancelled. */
  async terminate(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#tell('scancel', ['--full', '--signal=TERM', ...ids]);
  }

  async #ask(
    command: string,
    args: readonly string[],
    refusal: { readonly code: string; readonly suggestion: string },
  ): Promise<string> {
    try {
      return await this.#run(command, args);
    } catch (cause) {
      const { code, stderr, message } = cause as NodeJS.ErrnoException & { stderr?: string };
      if (code === 'ENOENT') throw missing(command, cause);
      const { suggestion } = refusal;
      throw new RunError(refusal.code, stderr?.trim() || message, { suggestion, cause });
    }
  }

  /** For what may fail: a task can be gone before a command reaches it. */
  #tell(command: string, args: readonly string[]): Promise<string> {
    return this.#run(command, args).catch(() => '');
  }

  async #run(command: string, args: readonly string[]): Promise<string> {
    const { stdout } = await run(command, args, { env: this.#environment, maxBuffer: MOST_OUTPUT });
    return stdout;
  }
}

/** `12`, or `12;cluster` on one of several clusters. */
export function parseSubmission(stdout: string): string {
  return stdout.trim().split(';', 1)[0]!;
}

/** Lines of `12_3|RUNNING|/…/job.sh`. */
export function parseQueue(stdout: string): QueuedTask[] {
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [id, state, ...script] = line.split('|');
    return { id: id!, state: state!, script: script.join('|') };
  });
}

/** `CANCELLED by 1000`, a line for each time that the task was queued. */
export function parseAccounting(stdout: string): string | undefined {
  return stdout.trim().split('\n').at(-1)!.split(' ', 1)[0] || undefined;
}

function missing(command: string, cause: unknown): RunError {
  return new RunError('FSX_SLURM_MISSING', `there is no ${command} on this machine`, {
    suggestion: 'Run the sweep on a login node of the cluster, or with another launcher.',
    cause,
  });
}
