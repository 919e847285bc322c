import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { installPythonEnvironment, pythonOf } from '../../src/core/python-environment.ts';
import { freePort } from './mlflow-server.ts';

const RAY_VERSION = '2.60.0';
const ENVIRONMENT = `ray-${RAY_VERSION}`;
const START_TIMEOUT_MS = 180_000;
const POLL_MS = 200;
/** Ray lets a node start for half a minute, and a busy machine may take longer. */
const MOST_TRIES = 3;
/** In bytes, the least that Ray takes with some to spare: trials put nothing there. */
const OBJECT_STORE = 80_000_000;

/** Why there is no Ray to test against, or undefined when there is one or it can be installed. */
export async function rayUnavailable(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'the processes of a node are found in /proc';
  if (existsSync(pythonOf(ENVIRONMENT))) return undefined;
  try {
    console.log(`installing Ray ${RAY_VERSION}: once, a few minutes`);
    await promisify(execFile)('python3', ['-m', 'pip', '--version']);
    await installRay();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function installRay(): Promise<string> {
  return installPythonEnvironment({
    name: ENVIRONMENT,
    packages: [`ray[default]==${RAY_VERSION}`],
    onInstall: () => undefined,
    failure: (reason) => new Error(`Ray cannot be installed: ${reason}`),
  });
}

/** A Ray cluster of this machine alone, which wants a token. `remove()` ends all that it has started. */
export class RayCluster {
  readonly address: string;
  readonly token: string;
  readonly #gcs: string;
  readonly #nodes: RayNode[] = [];

  private constructor(address: string, token: string, gcs: string) {
    this.address = address;
    this.token = token;
    this.#gcs = gcs;
  }

  /** With a head node that runs jobs too. */
  static async start(cpus: number): Promise<RayCluster> {
    const [gcs, dashboard, client] = [await freePort(), await freePort(), await freePort()];
    const token = randomBytes(24).toString('hex');
    const cluster = new RayCluster(`http://127.0.0.1:${dashboard}`, token, `127.0.0.1:${gcs}`);
    const ports = ['--port', gcs, '--dashboard-port', dashboard, '--ray-client-server-port', client];
    await cluster.#addNode(cpus, ['--head', ...ports.map(String)], () => cluster.#answers());
    return cluster;
  }

  addWorker(cpus: number): Promise<RayNode> {
    const isReady = async (node: RayNode) => node.log.includes('Ray runtime started');
    return this.#addNode(cpus, ['--address', this.#gcs], isReady);
  }

  remove(): void {
    for (const node of this.#nodes.toReversed()) node.remove();
  }

  async #addNode(
    cpus: number,
    args: readonly string[],
    isReady: (node: RayNode) => Promise<boolean>,
    triesLeft = MOST_TRIES,
  ): Promise<RayNode> {
    const ports = ['--dashboard-agent-listen-port', String(await freePort())];
    const environment = { RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN: this.token };
    const node = new RayNode([...args, ...ports, '--num-cpus', String(cpus)], environment);
    this.#nodes.push(node);
    if (await node.until(() => isReady(node))) return node;
    node.kill();
    if (triesLeft > 1) return this.#addNode(cpus, args, isReady, triesLeft - 1);
    throw new Error(`the Ray node did not start:\n${node.log.slice(-2_000)}`);
  }

  async #answers(): Promise<boolean> {
    const headers = { Authorization: `Bearer ${this.token}` };
    const answer = await fetch(`${this.address}/api/jobs/`, { headers }).catch(() => undefined);
    return answer?.ok ?? false;
  }
}

/** What one machine of a cluster would run. */
export class RayNode {
  readonly #folder = mkdtempSync(join(tmpdir(), 'fsx-ray-'));
  readonly #process: ChildProcess;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    const log = openSync(join(this.#folder, 'start.log'), 'a');
    const { RAY_ADDRESS: _, MLFLOW_TRACKING_URI: __, ...env } = process.env;
    const fixed = ['--block', '--disable-usage-stats', '--include-log-monitor', 'false'];
    const ports = ['--min-worker-port', '0', '--max-worker-port', '0'];
    const store = ['--object-store-memory', String(OBJECT_STORE), '--temp-dir', this.#folder];
    this.#process = spawn(
      pythonOf(ENVIRONMENT),
      ['-m', 'ray.scripts.scripts', 'start', ...fixed, ...ports, ...store, ...args],
      { cwd: this.#folder, detached: true, stdio: ['ignore', log, log], env: { ...env, ...environment } },
    );
    process.once('exit', this.kill);
  }

  get log(): string {
    return readFileSync(join(this.#folder, 'start.log'), 'utf8');
  }

  /** @returns whether it came so far: it may have ended instead. */
  async until(isReady: () => Promise<boolean>): Promise<boolean> {
    const deadlineMs = Date.now() + START_TIMEOUT_MS;
    while (this.#process.exitCode === null && Date.now() < deadlineMs) {
      if (await isReady()) return true;
      await sleep(POLL_MS);
    }
    return false;
  }

  /** Command lines of the jobs that run on it, and of all else. */
  commands(): string[] {
    return this.#processes().map((pid) => commandOf(pid));
  }

  /** As if the machine lost its power: everything on it ends at once, jobs too. */
  readonly kill = (): void => {
    for (const pid of this.#processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it is gone already
      }
    }
  };

  remove(): void {
    this.kill();
    process.off('exit', this.kill);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Its process group and all descendants: jobs are in groups of their own. */
  #processes(): number[] {
    const all = listProcesses();
    const found = all.filter(({ group }) => group === this.#process.pid).map(({ pid }) => pid);
    for (const one of found)
      found.push(
        ...all.filter(({ pid, parent }) => parent === one && !found.includes(pid)).map(({ pid }) => pid),
      );
    return found;
  }
}

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
}

function listProcesses(): ProcessEntry[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const [, parent, group] = /\) \S (\d+) (\d+)/.exec(readProcess(pid, 'stat')) ?? [];
    return parent === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), group: Number(group) }];
  });
}

function commandOf(pid: number): string {
  return readProcess(String(pid), 'cmdline').replaceAll('\0', ' ');
}

function readProcess(pid: string, file: string): string {
  try {
    return readFileSync(join('/proc', pid, file), 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
}
