import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cacheDirectory } from '../../src/core/cache-directory.ts';

const MLFLOW_VERSION = '3.17.2';
const INSTALL_TIMEOUT_MS = 15 * 60_000;
const START_TIMEOUT_MS = 180_000;
/** For a `beforeAll` that installs MLflow where it is not there yet. */
export const SET_UP_TIMEOUT_MS = INSTALL_TIMEOUT_MS + START_TIMEOUT_MS;

const run = promisify(execFile);

/**
 * A real MLflow server on a free port of this machine, with a store of its own that outlives `stop()` and goes with
 * `remove()`.
 */
export class MlflowServer {
  readonly #python: string;
  readonly #store = mkdtempSync(join(tmpdir(), 'fsx-mlflow-'));
  readonly #port: number;
  #process: ChildProcess | undefined;

  private constructor(python: string, port: number) {
    this.#python = python;
    this.#port = port;
  }

  static async start(): Promise<MlflowServer> {
    const server = new MlflowServer(await installedMlflow(), await freePort());
    await server.start();
    return server;
  }

  get uri(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts it, or starts it again on the same store and port. */
  async start(): Promise<void> {
    const log = openSync(join(this.#store, 'server.log'), 'a');
    const args = [
      '-m',
      'mlflow',
      'server',
      '--host',
      '127.0.0.1',
      '--port',
      String(this.#port),
      '--workers',
      '1',
    ];
    args.push('--backend-store-uri', `sqlite:///${join(this.#store, 'mlflow.db')}`);
    args.push('--serve-artifacts', '--artifacts-destination', join(this.#store, 'artifacts'));
    this.#process = spawn(this.#python, args, {
      cwd: this.#store,
      // a group of its own: the server has children that go with it
      detached: true,
      stdio: ['ignore', log, log],
      env: {
        ...process.env,
        MLFLOW_TRACKING_URI: '',
        MLFLOW_DISABLE_TELEMETRY: 'true',
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
      },
    });
    await this.#untilHealthy(this.#process);
  }

  async stop(): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    if (server?.pid === undefined || server.exitCode !== null) return;
    const exited = once(server, 'exit');
    process.kill(-server.pid, 'SIGKILL');
    await exited;
  }

  /** Stops it and removes its store. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#store, { recursive: true, force: true });
  }

  /** Reads from the REST API, below `/api/2.0/mlflow`. */
  async get(endpoint: string, query: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
    const answer = await fetch(`${this.uri}/api/2.0/mlflow/${endpoint}?${new URLSearchParams(query)}`);
    return answer.json() as Promise<Record<string, unknown>>;
  }

  /** Writes through the REST API, below `/api/2.0/mlflow`. */
  async post(endpoint: string, body: unknown): Promise<Record<string, unknown>> {
    const answer = await fetch(`${this.uri}/api/2.0/mlflow/${endpoint}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return answer.json() as Promise<Record<string, unknown>>;
  }

  async #untilHealthy(server: ChildProcess): Promise<void> {
    const deadlineMs = Date.now() + START_TIMEOUT_MS;
    while (server.exitCode === null && Date.now() < deadlineMs) {
      const answer = await fetch(`${this.uri}/health`).catch(() => undefined);
      if (answer?.ok) return;
      await sleep(200);
    }
    const log = readFileSync(join(this.#store, 'server.log'), 'utf8');
    throw new Error(`the MLflow server did not start:\n${log.slice(-2_000)}`);
  }
}

/** Why there is no MLflow server to test against, or undefined when there is one or it can be installed. */
export async function mlflowUnavailable(): Promise<string | undefined> {
  if (existsSync(pythonOf(installFolder()))) return undefined;
  try {
    await run('python3', ['-m', 'pip', '--version']);
    return undefined;
  } catch {
    return 'MLflow is not installed, and python3 with pip is not there to install it';
  }
}

/** Installs MLflow once for all test files: they run at the same time, so that the others wait. */
async function installedMlflow(): Promise<string> {
  const folder = installFolder();
  const lock = `${folder}.lock`;
  mkdirSync(dirname(folder), { recursive: true });
  while (!existsSync(pythonOf(folder))) {
    if (!takeLock(lock)) {
      await sleep(1_000);
      continue;
    }
    try {
      await install(folder);
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
  return pythonOf(folder);
}

/** Under a draft name first: the folder is there only when it is whole. */
async function install(folder: string): Promise<void> {
  console.log(`installing MLflow ${MLFLOW_VERSION} into ${folder}: once, a few minutes`);
  const draft = `${folder}.draft`;
  rmSync(draft, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', draft]);
  const packages = ['--quiet', '--only-binary', ':all:', `mlflow==${MLFLOW_VERSION}`];
  await run(pythonOf(draft), ['-m', 'pip', 'install', ...packages], { timeout: INSTALL_TIMEOUT_MS });
  renameSync(draft, folder);
}

function takeLock(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    const left = statSync(lock, { throwIfNoEntry: false });
    if (left !== undefined && Date.now() - left.mtimeMs > INSTALL_TIMEOUT_MS) {
      rmSync(lock, { recursive: true, force: true });
    }
    return false;
  }
}

function installFolder(): string {
  return join(cacheDirectory(), `mlflow-${MLFLOW_VERSION}`);
}

function pythonOf(folder: string): string {
  return join(folder, 'bin', 'python');
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
