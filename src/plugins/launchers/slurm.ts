import { setTimeout as delay } from 'node:timers/promises';
import { EXIT_CODES, RunError } from '../../core/errors.ts';
import type {
  Launcher,
  LauncherContext,
  LaunchRequest,
  TrialEnd,
  TrialTask,
} from '../../core/launching/launcher.ts';
import { readTrialEnd } from '../../core/launching/trial-script.ts';
import { definePlugin } from '../../core/plugins/definition.ts';
import { findTask, sbatchArguments, writeArrayJob } from './slurm/array-job.ts';
import { type QueuedTask, SlurmClient } from './slurm/client.ts';
import { type SlurmOptions, slurmOptions } from './slurm/options.ts';
import { endedByItself, isOver, killerOf } from './slurm/states.ts';

/** What Slurm takes in an array unless it is told otherwise (`MaxArraySize`). */
const MOST_IN_ARRAY = 1000;
/** How long a machine may not see what another one wrote to a disk that they share. */
const SHARED_DISK_MS = 60_000;

/** Array jobs of Slurm; a trial whose node fails or whose time is up is queued again and goes on from its checkpoint. */
export const slurmLauncher = definePlugin({
  kind: 'launcher',
  type: 'slurm',
  summary: 'array jobs of Slurm, on a cluster whose nodes share the folder of the sweep',
  source: 'https://slurm.schedmd.com/job_array.html',
  options: slurmOptions,
  create: (chosen, { environment }: LauncherContext) =>
    new SlurmLauncher(chosen, new SlurmClient(environment)),
});

/** Trials that Slurm has, by what it calls them. */
type Watched = Map<string, TrialTask>;

class SlurmLauncher implements Launcher {
  readonly description: string;
  readonly threads: number;
  readonly #options: SlurmOptions;
  readonly #client: SlurmClient;

  constructor(chosen: SlurmOptions, client: SlurmClient) {
    const { partition, cpus, gpus } = chosen;
    const where = partition === '' ? 'the default partition' : `partition ${partition}`;
    this.description = `Slurm, ${where}, for each trial ${cpus} cores and ${gpus} GPUs`;
    this.threads = cpus;
    this.#options = chosen;
    this.#client = client;
  }

  async launch(request: LaunchRequest): Promise<void> {
    const watched = await this.#takeOver(request);
    const taken = new Set(watched.values());
    const left: TrialTask[] = [];
    for (const task of request.tasks) {
      if (!taken.has(task) && !(await hasEnded(task, request))) left.push(task);
    }
    for (let first = 0; first < left.length; first += MOST_IN_ARRAY) {
      if (request.stop.aborted || request.hold.aborted) break;
      await this.#submit(left.slice(first, first + MOST_IN_ARRAY), watched, request);
    }
    await this.#watch(watched, request);
  }

  /** Trials that Slurm still has from an earlier process, which may not have got to write down what they are called. */
  async #takeOver(request: LaunchRequest): Promise<Watched> {
    const watched: Watched = new Map();
    for (const queued of await this.#client.queue()) {
      if (isOver(queued.state)) continue;
      const task = await findTask(queued, request.folder, request.tasks);
      if (task === undefined) continue;
      watched.set(queued.id, task);
      if (task.handle !== queued.id) await request.started(task, queued.id);
    }
    return watched;
  }

  async #submit(tasks: readonly TrialTask[], watched: Watched, request: LaunchRequest): Promise<void> {
    const { folder, name, command } = request;
    const { modules, setUp } = this.#options;
    const script = await writeArrayJob(folder, tasks, { command, threads: this.threads, modules, setUp });
    const args = sbatchArguments(script, { name, count: tasks.length }, this.#options);
    const job = await this.#client.submit(args);
    for (const [index, task] of tasks.entries()) {
      watched.set(`${job}_${index}`, task);
      await request.started(task, `${job}_${index}`);
    }
  }

  /** Looks until Slurm has none of the trials any more. While it does not answer, none is taken for gone. */
  async #watch(watched: Watched, request: LaunchRequest): Promise<void> {
    const brakes = new Brakes(this.#client, request);
    while (watched.size > 0) {
      const queue = await this.#client.queue().catch(ignoreSilence);
      if (queue !== undefined) {
        const states = new Map(queue.map(({ id, state }) => [id, state]));
        await this.#settle(watched, states, request);
        await brakes.apply([...watched.keys()].map((id) => ({ id, state: states.get(id)! })));
      }
      if (watched.size > 0) await this.#pause(request);
    }
  }

  /** Tells of the trials that are over. */
  async #settle(
    watched: Watched,
    states: ReadonlyMap<string, string>,
    request: LaunchRequest,
  ): Promise<void> {
    const over = [...watched].filter(([id]) => isOver(states.get(id)));
    const ends = over.map(async ([id, task]) => {
      const state = states.get(id) ?? (await this.#client.accountedState(id));
      return { id, task, end: await endOf(task, state, request) };
    });
    for (const { id, task, end } of await Promise.all(ends)) {
      watched.delete(id);
      await request.ended(task, end);
    }
  }

  /** Until it is time to look again, or there is something to do before. */
  async #pause({ stop, hold }: LaunchRequest): Promise<void> {
    const news = [stop, hold].filter(({ aborted }) => !aborted);
    const awake = new AbortController();
    const wake = () => awake.abort();
    for (const signal of news) signal.addEventListener('abort', wake);
    await delay(1000 * this.#options.pollSeconds, undefined, { signal: awake.signal }).catch(() => undefined);
    for (const signal of news) signal.removeEventListener('abort', wake);
  }
}

/** Stops trials, or keeps them from starting, as their states allow. */
class Brakes {
  readonly #client: SlurmClient;
  readonly #request: Pick<LaunchRequest, 'stop' | 'hold'>;
  /** Trials that are saving: a second signal would end them at once. */
  readonly #asked = new Set<string>();
  #held = false;

  constructor(client: SlurmClient, request: Pick<LaunchRequest, 'stop' | 'hold'>) {
    this.#client = client;
    this.#request = request;
  }

  async apply(tasks: readonly Pick<QueuedTask, 'id' | 'state'>[]): Promise<void> {
    const { stop, hold } = this.#request;
    const inState = (...wanted: string[]) =>
      tasks.filter(({ state }) => wanted.includes(state)).map(({ id }) => id);
    // a trial that waits again later has begun, and goes on
    if (stop.aborted || (hold.aborted && !this.#held)) await this.#client.cancelWaiting(inState('PENDING'));
    this.#held = hold.aborted;
    if (!stop.aborted) return;
    const running = inState('RUNNING', 'SUSPENDED').filter((id) => !this.#asked.has(id));
    await this.#client.terminate(running);
    for (const id of running) this.#asked.add(id);
  }
}

/** True for a trial of an earlier process's that came to an end which is not to be tried again; that is told. */
async function hasEnded(task: TrialTask, request: LaunchRequest): Promise<boolean> {
  if (task.handle === null) return false;
  const end = await readTrialEnd(task);
  if (request.stop.aborted) await request.ended(task, end ?? INTERRUPTED);
  else if (end === undefined || end.killedBy !== null || end.code === EXIT_CODES.interrupted) return false;
  else await request.ended(task, end);
  return true;
}

const INTERRUPTED: TrialEnd = { code: EXIT_CODES.interrupted, killedBy: null, complaint: '' };

/**
 * How a trial ended that Slurm does not have any more: what its script wrote, else what Slurm says.
 * @param state its last one; undefined when Slurm has forgotten it.
 */
async function endOf(
  task: TrialTask,
  state: string | undefined,
  { stop, hold }: LaunchRequest,
): Promise<TrialEnd> {
  const end = await writtenEnd(task, state);
  if (end !== undefined && end.killedBy === null) return end;
  // Slurm forgets single tasks of an array that is cancelled before it begins
  const cancelled = (state === undefined || state === 'CANCELLED') && (stop.aborted || hold.aborted);
  if (end === undefined && cancelled) return INTERRUPTED;
  return {
    code: null,
    killedBy: killerOf(state) ?? end?.killedBy ?? state ?? 'Slurm',
    complaint: end?.complaint ?? '',
  };
}

async function writtenEnd(task: TrialTask, state: string | undefined): Promise<TrialEnd | undefined> {
  const deadlineMs = Date.now() + (endedByItself(state) ? SHARED_DISK_MS : 0);
  for (;;) {
    const end = await readTrialEnd(task);
    if (end !== undefined || Date.now() >= deadlineMs) return end;
    await delay(1000);
  }
}

/** A controller that is restarted or busy is no reason to give up. */
function ignoreSilence(error: unknown): QueuedTask[] | undefined {
  if (error instanceof RunError) return undefined;
  throw error;
}
