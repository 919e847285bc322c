import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../src/core/random.ts';
import { DEFAULT_RETRY, type RetryOptions } from '../../src/core/tracking/mlflow/connection.ts';
import { deliver, journalFinishedRun, SERVER_FAULTS, tallyDelivery } from '../../test/support/delivery.ts';
import { type Fault, FaultyProxy } from '../../test/support/faulty-proxy.ts';
import { MlflowServer } from '../../test/support/mlflow-server.ts';
import { SmallDisk } from '../../test/support/small-disk.ts';
import { type Cost, printHead, printRow, rowOf } from './table.ts';

const RESTARTS = 8;
const SLOW_RUNS = 4;
const SLOW_MS = 30_000;
const FULL_DISKS = 8;
const MOST_DELIVERIES = 30;

/** Deliveries of a finished run to a real MLflow: each fault strikes each of their requests once. */
export async function tryServer(folder: string): Promise<void> {
  const server = await MlflowServer.start();
  const trials = new Deliveries(folder, server);
  try {
    printHead(['delivered whole', 'items lost', 'items doubled']);
    const requests = await trials.requestsOfADelivery();
    console.error(`${requests} requests a delivery`);
    for (const [name, fault] of SERVER_FAULTS) {
      const costs: Cost[] = [];
      for (let struck = 1; struck <= requests; struck++) {
        costs.push(await trials.through((number) => (number === struck ? fault : 'none')));
      }
      printRow(rowOf(`the server ${name}, at each of ${requests} requests`, costs));
    }
    const random = new Random(4, 'server');
    printRow(await tryRestarts(trials, server, 'SIGKILL', requests, random));
    printRow(await tryRestarts(trials, server, 'SIGTERM', requests, random));
    printRow(await trySlow(trials, requests, random));
  } finally {
    await server.remove();
  }
  await tryFullDisk(folder);
}

class Deliveries {
  readonly #folder: string;
  readonly #server: MlflowServer;
  #count = 0;

  constructor(folder: string, server: MlflowServer) {
    this.#folder = folder;
    this.#server = server;
  }

  async requestsOfADelivery(): Promise<number> {
    let requests = 0;
    await this.through((number) => {
      requests = number;
      return 'none';
    });
    return requests;
  }

  /**
   * Delivers a run again and again until nothing is unsent.
   * @param fault of the request of that number, counted over all deliveries of the run.
   * @param between deliveries, and before what arrived is read back.
   */
  async through(
    fault: (number: number) => Fault,
    between = async () => {},
    retry: Partial<RetryOptions> = {},
  ): Promise<Cost> {
    const experiment = `faults-${this.#count++}`;
    const directory = mkdtempSync(join(this.#folder, 'run-'));
    journalFinishedRun(directory, experiment);
    const proxy = await FaultyProxy.before(this.#server.uri);
    proxy.fault = (_, number) => fault(number);
    const timeoutMs = 10 * SLOW_MS;
    for (let tries = 0, unsent = 1; unsent > 0 && tries < MOST_DELIVERIES; tries++) {
      ({ unsent } = await deliver(directory, proxy.uri, retry, timeoutMs));
      await between();
    }
    proxy.close();
    return costOf(this.#server, experiment, directory);
  }
}

async function costOf(server: MlflowServer, experiment: string, directory: string): Promise<Cost> {
  const { lost, doubled } = await tallyDelivery(server, experiment, directory);
  for (const item of lost) console.error(`lost: ${item}`);
  for (const item of doubled) console.error(`doubled: ${item}`);
  return { same: lost.length + doubled.length === 0, lost: lost.length, doubled: doubled.length };
}

/** The server goes at a random request, and comes back with its database. */
async function tryRestarts(
  deliveries: Deliveries,
  server: MlflowServer,
  signal: NodeJS.Signals,
  requests: number,
  random: Random,
) {
  const costs: Cost[] = [];
  for (let trial = 0; trial < RESTARTS; trial++) {
    const last = random.integer(1, requests);
    let stopping: Promise<void> | undefined;
    const stopAt = (number: number): Fault => {
      if (number === last) stopping = server.stop(signal);
      return 'none';
    };
    costs.push(
      await deliveries.through(stopAt, async () => {
        await stopping;
        if (!server.running) await server.start();
      }),
    );
  }
  return rowOf(`the server ends by ${signal} at a random request, and is started again`, costs);
}

/** Of each delivery three requests take half a minute; several deliveries wait at the same time. */
async function trySlow(deliveries: Deliveries, requests: number, random: Random) {
  const trials = Array.from({ length: SLOW_RUNS }, () => {
    const slow = new Set(random.shuffle(Array.from({ length: requests }, (_, i) => i + 1)).slice(0, 3));
    const fault = (number: number): Fault => (slow.has(number) ? { delayMs: SLOW_MS } : 'none');
    return deliveries.through(fault, undefined, DEFAULT_RETRY);
  });
  return rowOf('the server takes 30 s for three random requests of a delivery', await Promise.all(trials));
}

/** A server whose disk, that of its database and artifacts, is full up to a random rest; then there is room. */
async function tryFullDisk(folder: string): Promise<void> {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const small = SmallDisk.mount(disk, '24m');
  if (typeof small === 'string') return console.log(`skipped, a small disk cannot be mounted: ${small}`);
  const random = new Random(5, 'full');
  const server = await MlflowServer.start(undefined, disk);
  const ballast = join(disk, 'ballast');
  try {
    const costs: Cost[] = [];
    for (let trial = 0; costs.length < FULL_DISKS; trial++) {
      const experiment = `full-${trial}`;
      const run = mkdtempSync(join(folder, 'run-'));
      journalFinishedRun(run, experiment, 100_000);
      const rest = random.uniform(0, 200_000);
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - rest)));
      const { unsent, message } = await deliver(run, server.uri);
      rmSync(ballast);
      if (unsent === 0) continue;
      console.error(message);
      await deliver(run, server.uri);
      costs.push(await costOf(server, experiment, run));
    }
    printRow(rowOf("the server's disk is full up to a random rest, then has room", costs));
  } finally {
    await server.remove();
    small.unmount();
  }
}
