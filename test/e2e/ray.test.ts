import type { ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RayCluster, type RayNode, rayUnavailable } from '../support/ray-cluster.ts';
import { type CliOutcome, fsx, TINY, temporaryFolder, tensorsOf } from './cli.ts';
import { SweepFolder } from './sweep-folder.ts';

const unavailable = await rayUnavailable();
if (unavailable) console.warn(`SKIPPED, sweeps on a Ray cluster are not tested: ${unavailable}`);

const STEPS = 40;

describe.skipIf(unavailable)('a sweep on a Ray cluster of two nodes', () => {
  const folder = temporaryFolder();
  let cluster: RayCluster;
  let worker: RayNode;

  beforeAll(async () => {
    cluster = await RayCluster.start(1);
    worker = await cluster.addWorker(1);
  });
  afterAll(() => {
    cluster?.remove();
    folder[Symbol.dispose]();
  });

  class RaySweep extends SweepFolder {
    readonly #file: string;

    constructor(name: string, steps: number, axes: string) {
      super(join(folder.path, name));
      this.#file = join(folder.path, `${name}.yaml`);
      writeFileSync(
        this.#file,
        `name: ${name}
recipe: ${TINY}
set:
  engine: wasm
  stages: [{ name: supervised, ssl: { type: supervised }, steps: ${steps} }]
  evaluation: { overlays: 0 }
launcher: { type: ray, token: "\${secret:RAY_TEST_TOKEN}", pollSeconds: 0.5 }
${axes}`,
      );
    }

    run(onStart: (process: ChildProcess) => void): Promise<CliOutcome> {
      return this.#fsx(['run', this.#file, '--output', this.output], onStart);
    }

    on(command: 'resume' | 'stop', onStart?: (process: ChildProcess) => void): Promise<CliOutcome> {
      return this.#fsx([command, this.output], onStart);
    }

    #fsx(args: readonly string[], onStart: (process: ChildProcess) => void = () => {}): Promise<CliOutcome> {
      const env = { RAY_ADDRESS: cluster.address, RAY_TEST_TOKEN: cluster.token };
      return fsx(['sweep', ...args], { env, onStart });
    }

    handles(): (string | null)[] {
      return this.trials().map(({ handle }) => handle);
    }
  }

  test('whose process and then whose node is killed loses no trial and begins none twice', async () => {
    const sweep = new RaySweep('killed', STEPS, 'seeds: [1, 2, 3, 4]\n');
    const killed = await sweep.run(async (process) => {
      await sweep.untilStep(1, 3, process);
      process.kill('SIGKILL');
    });
    expect(killed.signal).toBe('SIGKILL');
    const handles = sweep.handles();
    expect(handles).toEqual([1, 2, 3, 4].map((id) => expect.stringMatching(`^fsx-killed-00${id}-`)));

    let victim = 0;
    const resumed = await sweep.on('resume', async (process) => {
      victim = await trialInTheMiddle(worker, sweep, process);
      worker.kill();
    });
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect(sweep.statuses()).toEqual(Array(4).fill('finished'));
    expect(sweep.trials().map(({ attempt }) => attempt)).toEqual(Array(4).fill(1));
    // only the killed one began twice; it went on from its checkpoint
    expect([1, 2, 3, 4].map((number) => sweep.startsOf(number))).toEqual(
      [1, 2, 3, 4].map((number) => (number === victim ? 2 : 1)),
    );
    const recipe = join(sweep.output, 'trials', sweep.trials()[victim - 1]!.name, 'recipe.yaml');
    const output = join(folder.path, 'undisturbed');
    const args = ['--base', join(TINY, '..'), '--set', `output=${output}`, '--set', 'engine.threads=1'];
    const undisturbed = await fsx(['run', recipe, ...args, '--reporter', 'json']);
    const start = undisturbed.events.find((event) => event.kind === 'start');
    expect(await tensorsOf(sweep.runOf(victim))).toEqual(await tensorsOf(start!.header.runDirectory));
  });

  test('that was left alone is stopped from elsewhere, and its trials save', async () => {
    const sweep = new RaySweep('stopped', 100_000, 'seeds: [1, 2]\n');
    await sweep.run(async (process) => {
      await sweep.untilStep(1, 3, process);
      process.kill('SIGKILL');
    });
    const stop = await sweep.on('stop');
    expect(stop).toMatchObject({ code: 0, stdout: expect.stringContaining('2 of 2 trials') });
    expect(sweep.statuses()).toEqual(['interrupted', 'interrupted']);
    expect(sweep.handles()).toEqual([null, null]);
    expect(existsSync(join(sweep.runOf(1), 'checkpoints/last.safetensors'))).toBe(true);
    expect(sweep.trials()[1]!.run).toBe(null);
  });

  /** The number of a trial that runs on a node and is far from its beginning and its end. */
  async function trialInTheMiddle(node: RayNode, sweep: SweepFolder, process: ChildProcess): Promise<number> {
    while (process.exitCode === null) {
      const commands = node.commands();
      const isThere = (name: string) => commands.some((line) => line.includes(`/${name}/1/trial.sh`));
      const steps = (number: number) => sweep.stepsOf(number);
      const found = sweep.trials().find(({ name }) => isThere(name))?.number;
      if (found !== undefined && steps(found) > STEPS / 5 && steps(found) < STEPS / 2) return found;
      await delay(50);
    }
    throw new Error('no trial was in the middle on the node');
  }
});
