import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TrackingError } from '../../../errors.ts';
import { isRunning, withProcessLock } from '../../../process-lock.ts';
import type { Environment } from '../server-address.ts';
import { DATABASE, serverArguments, serverEnvironment } from './command-line.ts';
import { installMlflow, MLFLOW_VERSION } from './install.ts';

/** An MLflow server on this machine that fsx has started. */
export interface LocalServer {
  readonly pid: number;
  readonly uri: string;
  readonly version: string;
  /** Folder of its database, its artifacts and its log. */
  readonly store: string;
  readonly startedAt: string;
}

export interface StartOptions {
  readonly store: string;
  readonly port: number;
  readonly onInstall: () => void;
}

const STATE_FILE = 'server.json';
const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 200;

/** Where runs are kept unless told otherwise: `$XDG_DATA_HOME/fsx/mlflow`, else `~/.local/share/fsx/mlflow`. */
export function defaultStore(environment: Environment): string {
  const data = environment.XDG_DATA_HOME || join(homedir(), '.local', 'share');
  return join(resolve(data), 'fsx', 'mlflow');
}

/** The server that keeps its runs in a folder, when it runs. */
export function findLocalServer(store: string): LocalServer | undefined {
  try {
    const server = JSON.parse(readFileSync(join(store, STATE_FILE), 'utf8')) as LocalServer;
    return isRunning(server.pid) && isServerOf(store, server.pid) ? server : undefined;
  } catch {
    return undefined;
  }
}

/** After a restart of the machine another program may have the number. Where nobody can tell, it is believed. */
function isServerOf(store: string, pid: number): boolean {
  if (process.platform !== 'linux') return true;
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(join(store, DATABASE));
}

/**
 * Starts a server with SQLite and served artifacts that only this machine reaches, and installs MLflow where it is
 * absent; a server that runs already is left alone.
 * @returns the server, and whether it was started now.
 * @throws TrackingError `FSX_MLFLOW_INSTALL_FAILED`, `FSX_MLFLOW_START_FAILED`.
 */
export async function startLocalServer(
  options: StartOptions,
): Promise<{ readonly server: LocalServer; readonly started: boolean }> {
  const { store, port, onInstall } = options;
  const python = await installMlflow(onInstall);
  mkdirSync(store, { recursive: true });
  return withProcessLock(
    join(store, 'start.lock'),
    () => undefined,
    async () => {
      const running = findLocalServer(store);
      if (running !== undefined) return { server: running, started: false };
      const uri = `http://127.0.0.1:${port}`;
      await refuseTakenPort(uri);
      const child = launch(python, store, port);
      await untilHealthy(child, uri, store);
      child.unref();
      const startedAt = new Date().toISOString();
      const server: LocalServer = { pid: child.pid!, uri, version: MLFLOW_VERSION, store, startedAt };
      writeFileSync(join(store, STATE_FILE), `${JSON.stringify(server, null, 2)}\n`);
      return { server, started: true };
    },
  );
}

/** Stops the server of a folder, which keeps its runs. @returns the server that ran, if one did. */
export async function stopLocalServer(store: string): Promise<LocalServer | undefined> {
  const server = findLocalServer(store);
  if (server !== undefined) await stopGroup(server.pid);
  rmSync(join(store, STATE_FILE), { force: true });
  return server;
}

/** A group of its own: the server has children that go with it. */
function launch(python: string, store: string, port: number): ChildProcess {
  const log = openSync(join(store, 'server.log'), 'a');
  return spawn(python, serverArguments(store, port), {
    cwd: store,
    detached: true,
    stdio: ['ignore', log, log],
    env: serverEnvironment(process.env),
  });
}

async function refuseTakenPort(uri: string): Promise<void> {
  const answer = await fetch(uri, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  if (answer === undefined) return;
  throw new TrackingError('FSX_MLFLOW_START_FAILED', `something else answers at ${uri}`, {
    suggestion: 'choose another port: fsx mlflow start --port 5001',
  });
}

async function untilHealthy(child: ChildProcess, uri: string, store: string): Promise<void> {
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  while (child.exitCode === null && Date.now() < deadlineMs) {
    const answer = await fetch(`${uri}/health`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(POLL_MS);
  }
  if (child.pid !== undefined && child.exitCode === null) await stopGroup(child.pid);
  const log = readFileSync(join(store, 'server.log'), 'utf8').trim().split('\n').at(-1);
  throw new TrackingError('FSX_MLFLOW_START_FAILED', `the MLflow server did not start: ${log}`, {
    suggestion: `read ${join(store, 'server.log')}`,
  });
}

async function stopGroup(pid: number): Promise<void> {
  signalGroup(pid, 'SIGTERM');
  const deadlineMs = Date.now() + STOP_TIMEOUT_MS;
  while (isRunning(pid) && Date.now() < deadlineMs) await sleep(POLL_MS);
  signalGroup(pid, 'SIGKILL');
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // it is gone already
  }
}
