import type { AxiosInstance, AxiosResponse } from 'axios';
import { ExponentialBackoff, handleWhen, type IPolicy, retry } from 'cockatiel';
import { redact } from '../../../core/secrets.ts';
import { RayError, type RayFailure } from './errors.ts';
import type { RayServer } from './server.ts';

export interface RayJob {
  readonly status: 'PENDING' | 'RUNNING' | 'STOPPED' | 'SUCCEEDED' | 'FAILED';
  /** What Ray says of the status, for people. */
  readonly message: string;
  /** Why it failed: `JOB_SUPERVISOR_ACTOR_DIED` and such; null from old versions of Ray. */
  readonly errorType: string | null;
  /** Whether it came to run on a node. */
  readonly ran: boolean;
  /** Negative: the number of the signal that ended it. Null when it did not end by itself. */
  readonly exitCode: number | null;
}

export interface JobRequest {
  readonly submissionId: string;
  /** For a shell. */
  readonly entrypoint: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly cpus: number;
  readonly gpus: number;
  readonly memoryBytes: number;
  readonly resources: Readonly<Record<string, number>>;
}

interface Exchange {
  readonly method: 'GET' | 'POST';
  /** Below `api/jobs/`. */
  readonly path: string;
  readonly body?: unknown;
}

const ANSWER_TIMEOUT_MS = 30_000;
const PAUSES = { initialDelay: 500, maxDelay: 10_000 };

/** The part of Ray's job submission API that trials need. Every call throws RayError. */
export class RayClient {
  readonly #server: RayServer;
  readonly #patienceMs: number;
  #http: AxiosInstance | undefined;

  /** @param patienceMs how long a request is repeated while the dashboard does not answer, or not as it should. */
  constructor(server: RayServer, patienceMs: number) {
    this.#server = server;
    this.#patienceMs = patienceMs;
  }

  /** Sent again, a request starts no second job: Ray refuses a submission id that it has. */
  async submit(job: JobRequest): Promise<void> {
    const body = {
      submission_id: job.submissionId,
      entrypoint: job.entrypoint,
      runtime_env: { env_vars: job.environment },
      metadata: job.metadata,
      entrypoint_num_cpus: job.cpus,
      entrypoint_num_gpus: job.gpus,
      entrypoint_memory: job.memoryBytes,
      entrypoint_resources: job.resources,
    };
    await this.#ask({ method: 'POST', path: '', body }, this.#patienceMs, (failure) =>
      failure.includes(`submission_id ${job.submissionId} already exists`),
    );
  }

  /** The jobs that were submitted to the cluster, by submission id. */
  async jobs(patienceMs = this.#patienceMs): Promise<ReadonlyMap<string, RayJob>> {
    const jobs = await this.#ask({ method: 'GET', path: '' }, patienceMs);
    if (!Array.isArray(jobs)) throw this.#noJobs();
    const submitted = jobs.filter(({ submission_id: id }) => typeof id === 'string');
    return new Map(submitted.map((job) => [job.submission_id, jobIn(job)]));
  }

  /** Asks a job to end; one that waits ends as soon as it starts. One that has ended, or is not known, is left alone. */
  async stop(submissionId: string): Promise<void> {
    const path = `${encodeURIComponent(submissionId)}/stop`;
    await this.#ask({ method: 'POST', path }, this.#patienceMs, (failure) =>
      failure.includes(`Job ${submissionId} does not exist`),
    );
  }

  #noJobs(): RayError {
    const request = `GET ${this.#server.uri}/api/jobs/`;
    return new RayError({ request, message: 'the answer is no list of jobs', transient: false });
  }

  /** @param isDone whether a text that comes with an error says that nothing is left to do. */
  #ask(exchange: Exchange, patienceMs: number, isDone = (_: string) => false): Promise<unknown> {
    return retrying(patienceMs).execute(() => this.#exchange(exchange, isDone));
  }

  async #exchange(exchange: Exchange, isDone: (failure: string) => boolean): Promise<unknown> {
    const request = `${exchange.method} ${this.#server.uri}/api/jobs/${exchange.path}`;
    const response = await this.#send(exchange, request);
    const { status, data } = response;
    if (status < 200 || status > 299) {
      if (isDone(data)) return undefined;
      throw new RayError({ request, ...failureOf(response) });
    }
    try {
      return JSON.parse(data);
    } catch {
      // a page is what somebody else answers; half of an answer is Ray's
      const transient = /json/.test(String(response.headers['content-type']));
      throw new RayError({ request, message: 'the answer is not JSON', status, transient });
    }
  }

  async #send({ method, path, body }: Exchange, request: string): Promise<AxiosResponse<string>> {
    this.#http ??= await newHttpClient(this.#server);
    try {
      return await this.#http.request<string>({ method, url: `api/jobs/${path}`, data: body });
    } catch (error) {
      // an Axios error holds the request's headers, the token among them: only its message goes on
      const { message, code } = error as NodeJS.ErrnoException;
      throw new RayError({ request, message: message || code || 'no connection', transient: true });
    }
  }
}

/** Axios is loaded with the first request. */
async function newHttpClient({ uri, headers }: RayServer): Promise<AxiosInstance> {
  const { default: axios } = await import('axios');
  return axios.create({
    ...{ baseURL: uri, headers, timeout: ANSWER_TIMEOUT_MS },
    ...{ maxRedirects: 0, responseType: 'text', validateStatus: () => true },
  });
}

function retrying(patienceMs: number): IPolicy {
  const deadlineMs = performance.now() + patienceMs;
  const mayPass = (error: Error) =>
    error instanceof RayError && error.transient && performance.now() < deadlineMs;
  const backoff = new ExponentialBackoff(PAUSES);
  return retry(handleWhen(mayPass), { maxAttempts: Number.POSITIVE_INFINITY, backoff });
}

/** The dashboard passes on what an agent on the head node says, a refusal too, as its own error 500. */
function failureOf({ status, data, statusText }: AxiosResponse<string>): Omit<RayFailure, 'request'> {
  const passedOn = Number(/Request failed with status code (4\d\d)/.exec(data)?.[1] ?? status);
  const isPage = data.trimStart().startsWith('<');
  const message = ['HTTP', passedOn, isPage ? statusText : lastLine(data)].join(' ').trim();
  return { message, status: passedOn, transient: passedOn >= 500 || [408, 429].includes(passedOn) };
}

/** Of a traceback that is the error. */
function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => /\w/.test(line));
  return (lines.at(-1) ?? '').trim().slice(0, 300);
}

function jobIn(job: Record<string, unknown>): RayJob {
  const { status, message, error_type, driver_node_id, driver_exit_code } = job;
  return {
    status: status as RayJob['status'],
    message: typeof message === 'string' ? redact(message) : '',
    errorType: typeof error_type === 'string' ? error_type : null,
    ran: typeof driver_node_id === 'string',
    exitCode: typeof driver_exit_code === 'number' ? driver_exit_code : null,
  };
}
