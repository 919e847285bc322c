import { type Static, Type } from 'typebox';
import type { Launcher, LauncherContext, LaunchRequest } from '../../core/launching/launcher.ts';
import { definePlugin } from '../../core/plugins/definition.ts';
import { RayClient } from './ray/client.ts';
import { rayServer } from './ray/server.ts';
import { TrialJobs } from './ray/trial-jobs.ts';

const BYTES_PER_GB = 1e9;
const MS_PER_SECOND = 1_000;

const options = Type.Object(
  {
    address: Type.String({
      description: "address of Ray's dashboard; empty for RAY_ADDRESS, else http://127.0.0.1:8265",
      default: '',
    }),
    token: Type.String({
      description: 'token of a cluster that wants one, as a reference to a secret; empty for RAY_AUTH_TOKEN',
      default: '',
    }),
    headers: Type.Record(Type.String(), Type.String(), {
      description:
        'HTTP headers that a proxy before the dashboard wants; values may be references to secrets',
      default: {},
    }),
    cpus: Type.Number({
      description: 'CPUs of a trial; one that asks for no resource at all runs on the head node',
      default: 1,
      minimum: 0,
    }),
    gpus: Type.Number({ description: 'GPUs of a trial, or a part of one', default: 0, minimum: 0 }),
    memoryGb: Type.Number({
      description: 'memory that Ray reserves for a trial, in gigabytes',
      default: 0,
      minimum: 0,
    }),
    resources: Type.Record(Type.String(), Type.Number({ minimum: 0 }), {
      description: "custom resources of a trial, by the cluster's names for them",
      default: {},
    }),
    concurrent: Type.Integer({
      description: 'trials that are submitted at a time; 0: all, and Ray decides how many run',
      default: 0,
      minimum: 0,
    }),
    environment: Type.Record(Type.String(), Type.String(), {
      description: 'environment variables of the trials; whoever may see the jobs may see them',
      default: {},
    }),
    setUp: Type.Array(Type.String(), {
      description: 'shell lines before a trial, such as `module load cuda || exit`',
      default: [],
    }),
    resubmit: Type.Integer({
      description: 'how many times a trial that was killed, or whose node was, is submitted again to go on',
      default: 3,
      minimum: 0,
    }),
    stopSeconds: Type.Integer({
      description: 'how long a trial that is stopped has to finish its step and save',
      default: 120,
      minimum: 1,
    }),
    pollSeconds: Type.Number({
      description: 'seconds between two looks at the jobs',
      default: 5,
      exclusiveMinimum: 0,
    }),
    outageSeconds: Type.Number({
      description: 'how long a dashboard that does not answer is waited for while trials run',
      default: 300,
      minimum: 0,
    }),
  },
  { additionalProperties: false },
);

/** Jobs of a Ray cluster, which decides where and when they run; the nodes share the file system of this machine. */
export const rayLauncher = definePlugin({
  kind: 'launcher',
  type: 'ray',
  summary: 'jobs of a Ray cluster, through the REST API of its dashboard',
  source: 'https://docs.ray.io/en/latest/cluster/running-applications/job-submission/rest.html',
  options,
  create: (chosen, context) => new RayLauncher(chosen, context),
});

class RayLauncher implements Launcher {
  readonly description: string;
  readonly threads: number | undefined;
  readonly #client: RayClient;
  readonly #options: Static<typeof options>;

  constructor(chosen: Static<typeof options>, context: LauncherContext) {
    const server = rayServer(chosen, context);
    const { cpus, gpus, concurrent } = chosen;
    const limit = concurrent === 0 ? '' : `, at most ${concurrent} at a time`;
    this.description = `Ray at ${server.uri}, for each trial ${cpus} CPUs and ${gpus} GPUs${limit}`;
    this.threads = cpus === 0 ? undefined : Math.max(1, Math.floor(cpus));
    this.#client = new RayClient(server, chosen.outageSeconds * MS_PER_SECOND);
    this.#options = chosen;
  }

  async launch(request: LaunchRequest): Promise<void> {
    const { cpus, gpus, memoryGb, resources, environment, stopSeconds } = this.#options;
    const jobs = new TrialJobs(request, this.#client, {
      threads: this.threads,
      setUp: this.#options.setUp,
      concurrent: this.#options.concurrent || Number.POSITIVE_INFINITY,
      resubmit: this.#options.resubmit,
      pollMs: this.#options.pollSeconds * MS_PER_SECOND,
      resources: {
        ...{ cpus, gpus, memoryBytes: Math.round(memoryGb * BYTES_PER_GB), resources },
        // read by the process that Ray starts on the node for the job
        environment: { RAY_JOB_STOP_WAIT_TIME_S: String(stopSeconds), ...environment },
      },
    });
    await jobs.run();
  }
}
