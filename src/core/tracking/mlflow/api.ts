import { createReadStream, statSync } from 'node:fs';
import { posix } from 'node:path';
import { MlflowConnection, type RetryOptions } from './connection.ts';
import { MlflowError } from './errors.ts';
import type { ServerAddress } from './server-address.ts';

export interface ApiOptions {
  /** When aborted, every request fails at once. */
  readonly signal: AbortSignal;
  readonly retry?: RetryOptions;
}

export interface CallOptions {
  /** Sent once, whatever happens: for what makes two things when it arrives twice. */
  readonly once?: boolean;
}

export type JsonObject = Record<string, unknown>;

const API = 'api/2.0/mlflow';
const ARTIFACT_API = 'api/2.0/mlflow-artifacts/artifacts';
const ARTIFACT_TIMEOUT_MS = 60_000;
/** The slowest transfer that is waited for. */
const ARTIFACT_BYTES_PER_MS = 100;

/** Requests to MLflow's REST API and to its artifact proxy. Every call throws MlflowError. */
export class MlflowApi {
  readonly #connection: MlflowConnection;
  #majorVersion: number | undefined;

  constructor(address: ServerAddress, options: ApiOptions) {
    this.#connection = new MlflowConnection(address, options);
  }

  get(endpoint: string, query: Readonly<Record<string, string>>): Promise<JsonObject> {
    return this.#connection.json({ method: 'GET', path: `${API}/${endpoint}`, name: endpoint, query });
  }

  post(endpoint: string, body: unknown, options: CallOptions = {}): Promise<JsonObject> {
    return this.#send('POST', endpoint, body, options);
  }

  patch(endpoint: string, body: unknown): Promise<JsonObject> {
    return this.#send('PATCH', endpoint, body, {});
  }

  /** 2 or 3. */
  async majorVersion(): Promise<number> {
    this.#majorVersion ??= await this.#askMajorVersion();
    return this.#majorVersion;
  }

  /**
   * Uploads a file through the server's artifact proxy; what is there under that path is replaced.
   * @param root one that `isProxied`.
   * @param path below the root, `/` between its segments.
   */
  async putFile(root: string, path: string, file: string): Promise<void> {
    const { size } = statSync(file);
    await this.#put(root, path, size, () => createReadStream(file));
  }

  /** As `putFile`, of a text. */
  async putText(root: string, path: string, text: string): Promise<void> {
    const bytes = Buffer.from(text);
    await this.#put(root, path, bytes.length, () => bytes);
  }

  /** Downloads an artifact through the server's proxy. @param root one that `isProxied`. */
  getArtifact(root: string, path: string): Promise<Buffer> {
    return this.#connection.bytes({
      method: 'GET',
      path: artifactPath(root, path),
      name: `artifact ${path}`,
      timeoutMs: ARTIFACT_TIMEOUT_MS,
    });
  }

  async #askMajorVersion(): Promise<number> {
    const request = { method: 'GET', path: 'version' } as const;
    const major = Number.parseInt((await this.#connection.bytes(request)).toString('utf8'), 10);
    if (major > 0) return major;
    throw new MlflowError({ request: 'GET version', message: 'the answer is no version', status: 200 });
  }

  async #put(root: string, path: string, size: number, body: () => unknown): Promise<void> {
    // MLflow 2 answers `{}`, MLflow 3 nothing; a page for signing in comes with 200 too
    await this.#connection.json({
      method: 'PUT',
      path: artifactPath(root, path),
      name: `artifact ${path}`,
      body,
      headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(size) },
      timeoutMs: ARTIFACT_TIMEOUT_MS + size / ARTIFACT_BYTES_PER_MS,
      mayBeEmpty: true,
    });
  }

  #send(
    method: 'POST' | 'PATCH',
    endpoint: string,
    body: unknown,
    options: CallOptions,
  ): Promise<JsonObject> {
    return this.#connection.json({
      method,
      path: `${API}/${endpoint}`,
      name: endpoint,
      body: () => JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' },
      ...options,
    });
  }
}

/**
 * Whether the server itself takes the artifacts below an address: at `mlflow-artifacts:/1/<run>/artifacts` it does, in
 * any other store (`s3:`, `file:`, …) only clients of that store can put them.
 */
export function isProxied(artifactRoot: string): boolean {
  return artifactRoot.startsWith('mlflow-artifacts:');
}

function artifactPath(root: string, path: string): string {
  const folder = decodeURIComponent(new URL(root).pathname).replace(/^\/+/, '');
  const encoded = posix.join(folder, path).split('/').map(encodeURIComponent).join('/');
  return `${ARTIFACT_API}/${encoded}`;
}

const CREATE_ATTEMPTS = 3;

/**
 * What `find` finds, made where there is nothing. MLflow chooses the ids, so that a request to create whose answer was
 * lost must not simply be sent again: it is looked up first.
 * @param create sends its request once.
 */
export async function findOrCreate<T>(
  find: () => Promise<T | undefined>,
  create: () => Promise<unknown>,
): Promise<T> {
  let failure: unknown;
  for (let attempt = 0; attempt <= CREATE_ATTEMPTS; attempt++) {
    const found = await find();
    if (found !== undefined) return found;
    // made, and yet not found: to make it again would make another
    if (attempt > 0 && failure === undefined) break;
    failure = attempt === CREATE_ATTEMPTS ? failure : await failureOf(create());
  }
  throw failure ?? new MlflowError({ request: 'search', message: 'what was made is not found', status: 200 });
}

/** Why something failed that may succeed a little later; undefined where it did not fail. */
async function failureOf(work: Promise<unknown>): Promise<MlflowError | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof MlflowError && error.transient) return error;
    throw error;
  }
}

export async function absentAsUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (hasErrorCode(error, 'RESOURCE_DOES_NOT_EXIST')) return undefined;
    throw error;
  }
}

export function hasErrorCode(error: unknown, errorCode: string): boolean {
  return error instanceof MlflowError && error.errorCode === errorCode;
}

/** Empty for what is no object. */
export function objectIn(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}

/** Empty for what is no list. */
export function listIn(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.map(objectIn) : [];
}

/** @throws MlflowError for an answer that is not what MLflow gives. */
export function textIn(value: unknown, request: string): string {
  if (typeof value === 'string') return value;
  throw new MlflowError({ request, message: 'the answer is not one that MLflow gives', status: 200 });
}
