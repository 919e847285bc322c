import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** What a job is told to be when it is looked at; `GONE`: not known any more. Recorded from Ray 2.60.0. */
export const JOB_STATES = {
  PENDING: {
    status: 'PENDING',
    message:
      'Job has not started yet. It may be waiting for resources (CPUs, GPUs, memory, custom resources) to become available. It may be waiting for the runtime environment to be set up.',
  },
  RUNNING: { status: 'RUNNING', message: 'Job is currently running.', driver_node_id: '61b4d9bf2acf' },
  SUCCEEDED: {
    status: 'SUCCEEDED',
    message: 'Job finished successfully.',
    driver_node_id: '61b4d9bf2acf',
    driver_exit_code: 0,
  },
  STOPPED: { status: 'STOPPED', message: 'Job was intentionally stopped.', driver_node_id: '61b4d9bf2acf' },
  EXIT_7: {
    status: 'FAILED',
    message:
      'Job entrypoint command failed with exit code 7, last available logs (truncated to 20,000 chars):\nRunning entrypoint for job j-fail: exit 7\n',
    error_type: 'JOB_ENTRYPOINT_COMMAND_ERROR',
    driver_node_id: '61b4d9bf2acf',
    driver_exit_code: 7,
  },
  SIGKILL: {
    status: 'FAILED',
    message:
      'Job entrypoint command failed with exit code -9, last available logs (truncated to 20,000 chars):\nRunning entrypoint for job j-kill2: kill -9 $$\n',
    error_type: 'JOB_ENTRYPOINT_COMMAND_ERROR',
    driver_node_id: '61b4d9bf2acf',
    driver_exit_code: -9,
  },
  NODE_DIED: {
    status: 'FAILED',
    message:
      'Job supervisor actor died: The actor died unexpectedly before finishing this task.\n\tclass_name: JobSupervisor\n\tactor_id: 30cc54e8f0b5fd41651dd03c01000000\n\tpid: 1362\nThe actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit detail: Worker unexpectedly exits with a connection error code 2. End of file.',
    error_type: 'JOB_SUPERVISOR_ACTOR_DIED',
    driver_node_id: '61b4d9bf2acf',
  },
  WAITED_TOO_LONG: {
    status: 'FAILED',
    message:
      "Job supervisor actor failed to start within 6.0 seconds. This timeout can be configured by setting the environment variable RAY_JOB_START_TIMEOUT_SECONDS. This may be because the job entrypoint's specified resources (entrypoint_num_cpus, entrypoint_num_gpus, entrypoint_resources, entrypoint_memory)aren't available on the cluster. Try checking the cluster's available resources with `ray status` and specifying fewer resources for the job entrypoint.",
    error_type: 'JOB_SUPERVISOR_ACTOR_START_TIMEOUT',
  },
  BAD_RESOURCES: {
    status: 'FAILED',
    message:
      "Failed to start supervisor actor j-badres: 'Use the 'num_cpus' and 'num_gpus' keyword instead of 'CPU' and 'GPU' in 'resources' keyword'. Full traceback:\nTraceback (most recent call last):\nValueError: Use the 'num_cpus' and 'num_gpus' keyword instead of 'CPU' and 'GPU' in 'resources' keyword\n",
    error_type: 'JOB_SUPERVISOR_ACTOR_START_FAILURE',
  },
  GONE: null,
} as const;

export type JobState = keyof typeof JOB_STATES;

const NOTHING = {
  ...{ type: 'SUBMISSION', job_id: null, driver_info: null, error_type: null, start_time: 1795604553823 },
  ...{ end_time: null, metadata: null, runtime_env: null, driver_agent_http_address: null },
  ...{ driver_node_id: null, driver_exit_code: null },
};

const DUPLICATE = (id: string) => `Traceback (most recent call last):
  File "/ray/dashboard/modules/job/job_head.py", line 134, in _raise_error
    raise RuntimeError(f"Request failed with status code {status}: {error_text}.")
RuntimeError: Request failed with status code 400: Traceback (most recent call last):
  File "/ray/dashboard/modules/job/job_manager.py", line 553, in submit_job
    raise ValueError(
ValueError: Job with submission_id ${id} already exists. Please use a different submission_id.
.
`;

export interface Fault {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Closes the connection; where it says so, after the request has been done. */
  readonly hangUp?: 'before' | 'after';
}

export interface Submission {
  readonly submission_id: string;
  readonly entrypoint: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

interface Job {
  readonly submission: Submission;
  readonly states: JobState[];
  isOver: boolean;
}

/** A server that answers as Ray's dashboard does, and runs nothing: what becomes of each job is written down, and what its trial would leave. */
export class ScriptedRay {
  readonly submissions: Submission[] = [];
  /** Submission ids. */
  readonly stops: string[] = [];
  readonly requests: IncomingMessage[] = [];
  /** Given instead of the next answers. */
  readonly faults: Fault[] = [];
  uri = '';
  readonly #jobs = new Map<string, Job>();
  readonly #scripts: Record<string, JobState[][]>;

  private constructor(scripts: Record<string, JobState[][]>) {
    this.#scripts = scripts;
  }

  /**
   * @param scripts the states of each job of a trial, one for each look and the last one for ever, by the trial's id;
   * jobs of others succeed.
   */
  static async start(scripts: Record<string, JobState[][]> = {}): Promise<ScriptedRay> {
    const ray = new ScriptedRay(scripts);
    const server = createServer((request, response) => void ray.#serve(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ray.uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return ray;
  }

  /** A job that an earlier process submitted for the trial of a folder. */
  add(submissionId: string, folder: string, states: JobState[]): void {
    const submission = { submission_id: submissionId, entrypoint: join(folder, 'trial.sh'), metadata: {} };
    this.#jobs.set(submissionId, { submission, states, isOver: false });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(request);
    const fault = this.faults.shift();
    if (fault?.hangUp === 'before') return void request.socket.destroy();
    const body = await text(request);
    if (fault !== undefined && fault.hangUp === undefined)
      return void response.writeHead(fault.status ?? 200, fault.headers).end(fault.body);
    const [status, answer] = this.#answer(request, body);
    if (fault?.hangUp === 'after') return void request.socket.destroy();
    const type = typeof answer === 'string' ? 'text/plain' : 'application/json';
    response.writeHead(status, { 'content-type': `${type}; charset=utf-8` });
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  }

  #answer({ method, url }: IncomingMessage, body: string): [number, string | object] {
    const stopped = /^\/api\/jobs\/([^/]+)\/stop$/.exec(url!)?.[1];
    if (method === 'POST' && stopped !== undefined) return this.#stop(stopped);
    if (url !== '/api/jobs/') return [404, '404: Not Found'];
    if (method === 'POST') return this.#submit(JSON.parse(body));
    return [200, [...this.#jobs.values()].flatMap(look)];
  }

  #submit(submission: Submission): [number, string | object] {
    const { submission_id: id, metadata } = submission;
    if (this.#jobs.has(id)) return [500, DUPLICATE(id)];
    this.submissions.push(submission);
    const states = this.#scripts[metadata.trial ?? '']?.shift() ?? ['PENDING', 'RUNNING', 'SUCCEEDED'];
    this.#jobs.set(id, { submission, states: [...states], isOver: false });
    return [200, { job_id: id, submission_id: id }];
  }

  #stop(id: string): [number, string | object] {
    const job = this.#jobs.get(id);
    if (job === undefined) return [404, `Job ${id} does not exist`];
    this.stops.push(id);
    const isRunning = job.states[0] === 'RUNNING';
    // one that waits is stopped when it starts
    if (isRunning) job.states.splice(0, job.states.length, 'RUNNING', 'STOPPED');
    return [200, { stopped: true }];
  }
}

function look(job: Job): object[] {
  const { submission, states } = job;
  const name = states.length > 1 ? states.shift()! : states[0]!;
  const state = JOB_STATES[name];
  if (state === null) return [];
  const { submission_id, entrypoint } = submission;
  if (!job.isOver && 'driver_exit_code' in state && state.driver_exit_code >= 0) {
    job.isOver = true;
    writeEnd(/\/[^']*(?=\/trial\.sh)/.exec(entrypoint)![0], state.driver_exit_code);
  }
  return [{ ...NOTHING, submission_id, entrypoint, ...state }];
}

/** What the script of a trial leaves. */
function writeEnd(folder: string, code: number): void {
  writeFileSync(join(folder, 'exit-code'), `${code}\n`);
  writeFileSync(join(folder, 'stderr.log'), code === 0 ? '' : 'no such image\n');
}
