import { availableParallelism, hostname } from 'node:os';
import { type Static, Type } from 'typebox';
import { listedGpus, surveyGpus } from '../../core/engine/gpus.ts';
import { EXIT_CODES } from '../../core/errors.ts';
import type {
  Launcher,
  LauncherContext,
  LaunchRequest,
  TrialEnd,
  TrialTask,
} from '../../core/launching/launcher.ts';
import { trialArguments } from '../../core/launching/trial-arguments.ts';
import { definePlugin } from '../../core/plugins/definition.ts';
import { runTrialProcess, untilGone } from '../../core/trials/trial-process.ts';

const CORES_PER_WORKER = 2;
const STOPPED: TrialEnd = { code: EXIT_CODES.interrupted, killedBy: null, complaint: '' };

const options = Type.Object(
  {
    workers: Type.Integer({
      description: 'trials at a time; 0: one for each GPU, without GPUs one for every two cores',
      default: 0,
      minimum: 0,
    }),
    threads: Type.Integer({
      description: 'engine threads of a trial whose recipe names none; 0 divides the cores among the workers',
      default: 0,
      minimum: 0,
    }),
    gpus: Type.Union([Type.Literal('auto'), Type.Array(Type.String({ minLength: 1 }))], {
      description:
        'GPUs that the workers take in turn, as CUDA_VISIBLE_DEVICES names them; auto: those of this machine',
      default: 'auto',
    }),
  },
  { additionalProperties: false },
);

/** Processes on this machine, a GPU for each where there are GPUs. */
export const localLauncher = definePlugin({
  kind: 'launcher',
  type: 'local',
  summary: 'processes on this machine, its cores and GPUs divided among them',
  options,
  create: createLocalLauncher,
});

async function createLocalLauncher(
  chosen: Static<typeof options>,
  { environment }: LauncherContext,
): Promise<Launcher> {
  const gpus = chosen.gpus === 'auto' ? await visibleGpus(environment) : chosen.gpus;
  const cores = availableParallelism();
  const workers = chosen.workers || gpus.length || Math.max(1, Math.floor(cores / CORES_PER_WORKER));
  const threads = chosen.threads || Math.max(1, Math.floor(cores / workers));
  return new LocalLauncher(workers, threads, gpus);
}

/** None without a driver. */
async function visibleGpus(environment: LauncherContext['environment']): Promise<readonly string[]> {
  return listedGpus(environment) ?? (await surveyGpus()).gpus.map(({ index }) => index);
}

class LocalLauncher implements Launcher {
  readonly description: string;
  readonly threads: number;
  readonly #workers: number;
  readonly #gpus: readonly string[];

  constructor(workers: number, threads: number, gpus: readonly string[]) {
    const gpuText = gpus.length === 0 ? '' : `, GPUs ${gpus.join(', ')} in turn`;
    this.description = `local, ${count(workers, 'worker')}, ${count(threads, 'thread')} each${gpuText}`;
    this.threads = threads;
    this.#workers = workers;
    this.#gpus = gpus;
  }

  async launch(request: LaunchRequest): Promise<void> {
    const orphans = request.tasks.filter(({ handle }) => handle !== null);
    await Promise.all(orphans.map(orphanGone));
    if (request.stop.aborted) {
      for (const task of orphans) await request.ended(task, STOPPED);
      return;
    }
    const waiting = [...request.tasks];
    const work = async (_: unknown, worker: number) => {
      while (!request.stop.aborted && !request.hold.aborted) {
        const task = waiting.shift();
        if (task === undefined) return;
        await this.#run(task, worker, request);
      }
    };
    const workers = Math.min(this.#workers, waiting.length);
    await Promise.all(Array.from({ length: workers }, work));
  }

  async #run(task: TrialTask, worker: number, request: LaunchRequest): Promise<void> {
    const { command, stop, event } = request;
    let told: Promise<void> = Promise.resolve();
    const ended = runTrialProcess({
      ...{ command, signal: stop },
      argv: await trialArguments(task, this.threads),
      environment: { ...task.environment, ...this.#gpuOf(worker) },
      listener: (one) => event(task, one),
      onStart: (pid) => {
        told = request.started(task, `${hostname()}:${pid}`);
      },
    });
    const [end] = await Promise.all([ended, told]);
    await request.ended(task, end);
  }

  #gpuOf(worker: number): Record<string, string> {
    if (this.#gpus.length === 0) return {};
    return { CUDA_VISIBLE_DEVICES: this.#gpus[worker % this.#gpus.length]! };
  }
}

/** A trial whose sweep was killed stops by itself after its step; only one process at a time may write its run. */
async function orphanGone({ handle }: TrialTask): Promise<void> {
  const [host, pid] = handle!.split(':');
  if (host === hostname()) await untilGone(Number(pid));
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
