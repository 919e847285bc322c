import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isRunning } from '../../src/core/process-lock.ts';
import { freePort } from './mlflow-server.ts';

const run = promisify(execFile);
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 200;
const NODES = ['n1', 'n2'] as const;
/** Debian has its daemons where only root looks. */
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

export type SlurmNode = (typeof NODES)[number];

/** Why there can be no Slurm of our own here; undefined where there can be one. `.ci/run` installs the packages. */
export const noSlurm: string | undefined = ['slurmctld', 'slurmd', 'sbatch', 'munged'].every(isInstalled)
  ? undefined
  : 'Slurm is not installed (Debian: slurm-wlm and munge)';

/**
 * A real Slurm of two nodes with two cores each on this machine, with folder, ports and keys of its own and without
 * accounting. A node that does not answer for seconds is down, and what ran there is queued again.
 */
export class SlurmCluster {
  readonly #folder = mkdtempSync(join(tmpdir(), 'fsx-slurm-'));
  readonly #stopNow = () => this.#kill('SIGKILL');

  /** Slurm's clients find the cluster by it. */
  get environment(): { readonly SLURM_CONF: string } {
    return { SLURM_CONF: this.#at('slurm.conf') };
  }

  static async start(): Promise<SlurmCluster> {
    const cluster = new SlurmCluster();
    process.once('exit', cluster.#stopNow);
    try {
      await cluster.#start();
      return cluster;
    } catch (error) {
      const logs = ['munge.log', 'ctld.log', 'n1.log'].map((name) => cluster.#at(name)).filter(existsSync);
      const text = logs.map((file) => readFileSync(file, 'utf8').slice(-1000)).join('\n');
      await cluster.stop();
      throw new Error(`Slurm did not start: ${text}`, { cause: error });
    }
  }

  /** Runs one of Slurm's commands. @returns what it prints. */
  async run(command: string, ...args: string[]): Promise<string> {
    const { stdout } = await run(command, args, { env: { ...process.env, PATH, ...this.environment } });
    return stdout.trim();
  }

  /** As by a power cut: the node's daemon and everything that it runs are gone, and nobody is told. */
  crash(node: SlurmNode): void {
    const jobs = jobProcesses(node, this.environment.SLURM_CONF);
    // first those that would tell of the others' ends
    const keepers = jobs.map(parentOf).filter((pid) => pid > 1 && !jobs.includes(pid));
    for (const pid of [this.#pidOf(node)!, ...keepers, ...jobs]) kill(pid, 'SIGKILL');
  }

  /** Until Slurm has noticed that a node has crashed. */
  async untilDown(node: SlurmNode): Promise<void> {
    while (!(await this.run('sinfo', '--noheader', `--nodes=${node}`, '--format=%t')).startsWith('down'))
      await delay(POLL_MS);
  }

  /** Starts the daemon of a node that has crashed. */
  async restore(node: SlurmNode): Promise<void> {
    await this.run('slurmd', '-N', node, '-f', this.environment.SLURM_CONF);
  }

  async stop(): Promise<void> {
    await this.run('scancel', '--signal=KILL', '--full', '--me').catch(() => undefined);
    // what keeps a job lives until it has told the controller
    await until(async () => (await this.run('squeue', '--noheader').catch(() => '')) === '', STOP_TIMEOUT_MS);
    this.#kill('SIGTERM');
    await until(async () => !this.#daemons().some(isRunning), STOP_TIMEOUT_MS);
    this.#kill('SIGKILL');
    process.off('exit', this.#stopNow);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    for (const name of ['state', ...NODES]) mkdirSync(this.#at(name));
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    writeFileSync(this.environment.SLURM_CONF, this.#configuration(ports));
    await this.#startMunge();
    await this.run('slurmctld', '-f', this.environment.SLURM_CONF);
    for (const node of NODES) await this.restore(node);
    const areUp = await until(async () => (await this.#idleNodes()) === NODES.length, START_TIMEOUT_MS);
    if (!areUp) throw new Error('the nodes do not come up');
  }

  async #startMunge(): Promise<void> {
    chmodSync(this.#folder, 0o711);
    writeFileSync(this.#at('munge.key'), hostname().padEnd(64, '.'), { mode: 0o400 });
    const files = {
      socket: 'munge.sock',
      'key-file': 'munge.key',
      'log-file': 'munge.log',
      'pid-file': 'munge.pid',
      'seed-file': 'munge.seed',
    };
    await this.run(
      'munged',
      ...Object.entries(files).map(([option, name]) => `--${option}=${this.#at(name)}`),
    );
  }

  async #idleNodes(): Promise<number> {
    const states = await this.run('sinfo', '--noheader', '--Node', '--format=%t').catch(() => '');
    return states.split('\n').filter((state) => state === 'idle').length;
  }

  #configuration([controllerPort, ...nodePorts]: readonly [number, number, number]): string {
    const host = hostname();
    const nodes = NODES.map(
      (node, index) =>
        `NodeName=${node} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${nodePorts[index]} CPUs=2 RealMemory=1000`,
    );
    const user = userInfo().username;
    return `${[
      'ClusterName=fsx',
      `SlurmctldHost=${host}(127.0.0.1)`,
      `SlurmctldPort=${controllerPort}`,
      ...[`SlurmUser=${user}`, `SlurmdUser=${user}`],
      'AuthType=auth/munge',
      // how long credentials last is also how long a job waits that was queued again
      `AuthInfo=socket=${this.#at('munge.sock')},cred_expire=5`,
      `StateSaveLocation=${this.#at('state')}`,
      `SlurmdSpoolDir=${this.#at('%n')}`,
      ...[`SlurmctldPidFile=${this.#at('ctld.pid')}`, `SlurmdPidFile=${this.#at('%n.pid')}`],
      ...[`SlurmctldLogFile=${this.#at('ctld.log')}`, `SlurmdLogFile=${this.#at('%n.log')}`],
      'ProctrackType=proctrack/linuxproc',
      'TaskPlugin=task/none',
      ...['SelectType=select/cons_tres', 'SelectTypeParameters=CR_CPU', 'SlurmdParameters=config_overrides'],
      ...['SlurmdTimeout=6', 'KillWait=20', 'MinJobAge=5', 'ReturnToService=2'],
      'SchedulerParameters=batch_sched_delay=0,sched_interval=1',
      ...nodes,
      `PartitionName=p Nodes=${NODES.join(',')} Default=YES State=UP`,
    ].join('\n')}\n`;
  }

  #at(name: string): string {
    return join(this.#folder, name);
  }

  #pidOf(name: string): number | undefined {
    const file = this.#at(`${name}.pid`);
    return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
  }

  #daemons(): number[] {
    const pids = [...NODES, 'ctld', 'munge'].map((name) => this.#pidOf(name));
    return pids.filter((pid) => pid !== undefined);
  }

  #kill(signal: NodeJS.Signals): void {
    for (const pid of this.#daemons()) kill(pid, signal);
  }
}

/** @returns whether it came true in time. */
async function until(isTrue: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadlineMs = Date.now() + timeoutMs;
  while (!(await isTrue())) {
    if (Date.now() > deadlineMs) return false;
    await delay(POLL_MS);
  }
  return true;
}

/** What the jobs on a node of a cluster run. */
function jobProcesses(node: SlurmNode, configuration: string): number[] {
  const wanted = [`SLURMD_NODENAME=${node}`, `SLURM_CONF=${configuration}`];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const isWanted = (pid: string) => {
    const variables = environmentOf(pid);
    return wanted.every((one) => variables.includes(one));
  };
  return pids.filter(isWanted).map(Number);
}

/** 0 for a process that is gone. */
function parentOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^PPid:\s*(\d+)/m.exec(status)![1]);
  } catch {
    return 0;
  }
}

function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return []; // gone, or another user's
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function isInstalled(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore', env: { ...process.env, PATH } });
    return true;
  } catch {
    return false;
  }
}
