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
    const head = cluster.#startNode(cpus, await freePort(), ['--head', ...ports.map(String)]);
    await head.until(() => cluster.#answers());
    return cluster;
  }

  async addWorker(cpus: number): Promise<RayNode> {
    const worker = this.#startNode(cpus, await freePort(), ['--address', this.#gcs]);
    await worker.until(async () => worker.log.includes('Ray runtime started'));
    return worker;
  }

  remove(): void {
    for (const node of this.#nodes.toReversed()) node.remove();
  }

  #startNode(cpus: number, agentPort: number, args: readonly string[]): RayNode {
    const node = new RayNode(
      [...args, '--num-cpus', String(cpus), '--dashboard-agent-listen-port', String(agentPort)],
      { RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN: this.token },
    );
    this.#nodes.push(node);
    return node;
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

  async until(isReady: () => Promise<boolean>): Promise<void> {
    const deadlineMs = Date.now() + START_TIMEOUT_MS;
    while (this.#process.exitCode === null && Date.now() < deadlineMs) {
      if (await isReady()) return;
      await sleep(POLL_MS);
    }
    throw new Error(`the Ray node did not start:\n${this.log.slice(-2_000)}`);
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

  /** Itself and its descendants: jobs are in groups of their own. */
  #processes(): number[] {
    const parents = parentsOfProcesses();
    const found = [this.#process.pid!].filter((pid) => parents.has(pid));
    for (const pid of found)
      found.push(...[...parents].filter(([, parent]) => parent === pid).map(([child]) => child));
    return found;
  }
}

function parentsOfProcesses(): Map<number, number> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return new Map(
    pids.flatMap((pid) => {
      const parent = /\) \S (\d+)/.exec(readProcess(pid, 'stat'))?.[1];
      return parent === undefined ? [] : [[Number(pid), Number(parent)] as const];
    }),
  );
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
