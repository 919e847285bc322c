import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { serverArguments, serverEnvironment } from '../../src/core/tracking/mlflow/local/command-line.ts';
import { installMlflow, MLFLOW_VERSION, mlflowPython } from '../../src/core/tracking/mlflow/local/install.ts';
import { MlflowRest } from './mlflow-readback.ts';

/** The last MLflow 2. */
export const MLFLOW_2 = '2.22.5';

const INSTALL_TIMEOUT_MS = 15 * 60_000;
const START_TIMEOUT_MS = 180_000;
/** For a `beforeAll` that installs MLflow where it is not there yet. */
export const SET_UP_TIMEOUT_MS = INSTALL_TIMEOUT_MS + START_TIMEOUT_MS;

/**
 * A real MLflow server on a free port of this machine, with a store of its own that outlives `stop()` and goes with
 * `remove()`.
 */
export class MlflowServer extends MlflowRest {
  /** Its database, and its artifacts in the folder `artifacts`. */
  readonly store: string;
  readonly #python: string;
  readonly #port: number;
  #process: ChildProcess | undefined;

  private constructor(python: string, port: number, folder: string) {
    super(`http://127.0.0.1:${port}`);
    this.store = mkdtempSync(join(folder, 'fsx-mlflow-'));
    this.#python = python;
    this.#port = port;
  }

  /** @param folder for its store. */
  static async start(version = MLFLOW_VERSION, folder = tmpdir()): Promise<MlflowServer> {
    const announce = () => console.log(`installing MLflow ${version}: once, a few minutes`);
    const server = new MlflowServer(await installMlflow(announce, version), await freePort(), folder);
    await server.start();
    return server;
  }

  /** Starts it, or starts it again on the same store and port. */
  async start(): Promise<void> {
    const log = openSync(join(this.store, 'server.log'), 'a');
    this.#process = spawn(this.#python, serverArguments(this.store, this.#port), {
      cwd: this.store,
      // a group of its own: the server has children that go with it
      detached: true,
      stdio: ['ignore', log, log],
      env: serverEnvironment(process.env),
    });
    await this.#untilHealthy(this.#process);
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    if (server?.pid === undefined || server.exitCode !== null) return;
    const exited = once(server, 'exit');
    process.kill(-server.pid, signal);
    await exited;
  }

  /** Stops it and removes its store. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.store, { recursive: true, force: true });
  }

  async #untilHealthy(server: ChildProcess): Promise<void> {
    const deadlineMs = Date.now() + START_TIMEOUT_MS;
    while (server.exitCode === null && Date.now() < deadlineMs) {
      const answer = await fetch(`${this.uri}/health`).catch(() => undefined);
      if (answer?.ok) return;
      await sleep(200);
    }
    const log = readFileSync(join(this.store, 'server.log'), 'utf8');
    throw new Error(`the MLflow server did not start:\n${log.slice(-2_000)}`);
  }
}

/** Why there is no MLflow server to test against, or undefined when there is one or it can be installed. */
export async function mlflowUnavailable(version = MLFLOW_VERSION): Promise<string | undefined> {
  if (existsSync(mlflowPython(version))) return undefined;
  try {
    await promisify(execFile)('python3', ['-m', 'pip', '--version']);
    return undefined;
  } catch {
    return 'MLflow is not installed, and python3 with pip is not there to install it';
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
