import type { AxiosInstance, AxiosResponse } from 'axios';
import {
  BrokenCircuitError,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  ExponentialBackoff,
  handleWhen,
  type IBackoff,
  type IPolicy,
  type IRetryBackoffContext,
  retry,
  wrap,
} from 'cockatiel';
import { MlflowError } from './errors.ts';
import type { ServerAddress } from './server-address.ts';

export interface RetryOptions {
  /** Tries after the first. */
  readonly retries: number;
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  /** Failures in a row after which the server is left alone for a while. */
  readonly breakAfter: number;
  /** For how long it is left alone the first time; twice as long each further time, up to a minute. */
  readonly pauseMs: number;
  /** How long an answer is waited for, where the request does not say. */
  readonly timeoutMs: number;
}

export const DEFAULT_RETRY: RetryOptions = {
  retries: 3,
  initialDelayMs: 250,
  maxDelayMs: 10_000,
  breakAfter: 5,
  pauseMs: 5_000,
  // a server on a busy file system takes half a minute and more for an answer
  timeoutMs: 60_000,
};

export interface MlflowRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** Below the server's address. */
  readonly path: string;
  /** How error messages name it, where the path is too long. */
  readonly name?: string;
  readonly query?: Readonly<Record<string, string | number>>;
  /** Called for every try, because a stream can be sent only once. */
  readonly body?: () => unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Not sent again when it fails, since its answer alone may be lost. */
  readonly once?: boolean;
  /** Its success may carry nothing, which `json` gives as an empty object. */
  readonly mayBeEmpty?: boolean;
}

const MAX_PAUSE_MS = 60_000;

/**
 * HTTP to one MLflow server: authorization, timeouts, retries with jittered backoff that honour `Retry-After`, and a
 * circuit breaker. Its timers do not keep the process alive.
 */
export class MlflowConnection {
  readonly #address: ServerAddress;
  readonly #retrying: IPolicy;
  readonly #once: IPolicy;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal;
  #http: AxiosInstance | undefined;
  #lastFailure = 'no answer yet';

  /** @param signal when aborted, every request fails at once. */
  constructor(address: ServerAddress, options: { signal: AbortSignal; retry?: RetryOptions }) {
    this.#signal = options.signal;
    const retry = options.retry ?? DEFAULT_RETRY;
    this.#once = breaker(retry);
    this.#retrying = wrap(retries(retry), this.#once);
    this.#timeoutMs = retry.timeoutMs;
    this.#address = address;
  }

  /** The answer's JSON object. @throws MlflowError also when a success carries no JSON. */
  async json(request: MlflowRequest): Promise<Record<string, unknown>> {
    const name = requestName(request);
    const answer = await this.bytes(request);
    if (request.mayBeEmpty && answer.length === 0) return {};
    const parsed = parseObject(answer);
    if (parsed !== undefined) return parsed;
    throw new MlflowError({ request: name, message: 'the answer is not JSON', status: 200 });
  }

  /** The answer's body. */
  async bytes(request: MlflowRequest): Promise<Buffer> {
    const name = requestName(request);
    const policy = request.once ? this.#once : this.#retrying;
    const attempts = policy.execute(() => this.#send(request), this.#signal);
    try {
      return await unlessAborted(this.#signal, attempts, () => this.#givenUp(name, 'no success in time'));
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) throw error;
      throw this.#givenUp(name, 'the server keeps failing and is left alone for a while');
    }
  }

  async #send(request: MlflowRequest): Promise<Buffer> {
    try {
      const response = await this.#exchange(request);
      if (response.status >= 200 && response.status < 300) return response.data;
      throw failureOf(request, response);
    } catch (error) {
      if (!this.#signal.aborted) this.#lastFailure = (error as Error).message;
      throw error;
    }
  }

  #givenUp(request: string, why: string): MlflowError {
    return new MlflowError({ request, message: `${why} (${this.#lastFailure})` });
  }

  async #exchange(request: MlflowRequest): Promise<AxiosResponse<Buffer>> {
    this.#http ??= await newHttpClient(this.#address);
    try {
      return await this.#http.request<Buffer>({
        method: request.method,
        url: request.path,
        params: request.query,
        data: request.body?.(),
        headers: { ...request.headers },
        timeout: request.timeoutMs ?? this.#timeoutMs,
        signal: this.#signal,
      });
    } catch (error) {
      // an Axios error holds the request's headers, the password among them: only its message goes on
      const { message, code } = error as NodeJS.ErrnoException;
      throw new MlflowError({ request: requestName(request), message: message || code || 'no connection' });
    }
  }
}

/** Axios is loaded with the first request: most commands know the tracker and send nothing. */
async function newHttpClient({ uri, authorization }: ServerAddress): Promise<AxiosInstance> {
  const { default: axios } = await import('axios');
  return axios.create({
    baseURL: uri,
    headers: authorization === undefined ? {} : { Authorization: authorization },
    maxRedirects: 0,
    maxBodyLength: Number.POSITIVE_INFINITY,
    responseType: 'arraybuffer',
    validateStatus: () => true,
  });
}

const TRANSIENT = handleWhen((error) => error instanceof MlflowError && error.transient);

function breaker({ breakAfter, pauseMs }: RetryOptions): IPolicy {
  return circuitBreaker(TRANSIENT, {
    breaker: new ConsecutiveBreaker(breakAfter),
    halfOpenAfter: new ExponentialBackoff({ initialDelay: pauseMs, maxDelay: MAX_PAUSE_MS }),
  });
}

function retries(options: RetryOptions): IPolicy {
  return retry(TRANSIENT, {
    maxAttempts: options.retries,
    backoff: jitteredOrAsTheServerSays(options),
  }).dangerouslyUnref();
}

function jitteredOrAsTheServerSays(
  options: RetryOptions,
): DelegateBackoff<IRetryBackoffContext<unknown>, IBackoff<unknown>> {
  const jittered = new ExponentialBackoff({
    initialDelay: options.initialDelayMs,
    maxDelay: options.maxDelayMs,
  });
  return new DelegateBackoff((context, previous) => {
    const state = previous === undefined ? jittered.next() : previous.next(context);
    const error = 'error' in context.result ? context.result.error : undefined;
    const askedMs = error instanceof MlflowError ? (error.retryAfterMs ?? 0) : 0;
    return { delay: Math.min(MAX_PAUSE_MS, Math.max(state.duration, askedMs)), state };
  });
}

/** A pause between two tries cannot be cut short: it is left behind instead. */
async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>, reason: () => Error): Promise<T> {
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(reason());
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function requestName(request: MlflowRequest): string {
  return `${request.method} ${request.name ?? request.path}`;
}

function failureOf(request: MlflowRequest, response: AxiosResponse<Buffer>): MlflowError {
  const body = parseObject(response.data);
  const errorCode = typeof body?.error_code === 'string' ? body.error_code : undefined;
  const detail = typeof body?.message === 'string' ? body.message : response.statusText;
  const location = withoutQuery(response.headers.location);
  const retryAfterMs = parseRetryAfter(response.headers['retry-after']);
  return new MlflowError({
    request: requestName(request),
    message: [`HTTP ${response.status}`, errorCode, firstLine(detail), location && `to ${location}`]
      .filter(Boolean)
      .join(', '),
    status: response.status,
    ...(errorCode !== undefined && { errorCode }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** A sign-in page's address may carry a ticket. */
function withoutQuery(location: unknown): string | undefined {
  return typeof location === 'string' ? location.split(/[?#]/, 1)[0] : undefined;
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3). */
function parseRetryAfter(header: unknown): number | undefined {
  if (typeof header !== 'string') return undefined;
  const delayMs = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(delayMs) ? Math.max(0, delayMs) : undefined;
}

function parseObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.slice(0, 300);
}
