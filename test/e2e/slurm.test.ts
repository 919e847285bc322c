import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TrialRecord } from '../../src/core/sweep/manifest.ts';
import { readJournal } from '../../src/core/tracking/journal-file.ts';
import { noSlurm, SlurmCluster } from '../support/slurm-cluster.ts';
import {
  type CliOutcome,
  fsx,
  fsxRun,
  readJson,
  runFolder,
  TINY,
  temporaryFolder,
  tensorsOf,
} from './cli.ts';

const STEPS = 60;
const SWEEP = `recipe: ${TINY}
set:
  engine: wasm
  stages: [{ name: supervised, ssl: { type: supervised }, steps: ${STEPS} }]
  evaluation: { overlays: 0 }
launcher: { type: slurm, cpus: 1, pollSeconds: 0.5 }
`;
/** So many steps that no trial ends before it is stopped. */
const ENDLESS = ['--set', 'set.stages.0.steps=100000'];

if (noSlurm !== undefined) console.warn(`SKIPPED: sweeps on a real Slurm: ${noSlurm}`);

describe.skipIf(noSlurm !== undefined)('a sweep on a real Slurm of two nodes', () => {
  const folder = temporaryFolder();
  const processes: ChildProcess[] = [];
  let cluster: SlurmCluster;

  beforeAll(async () => {
    cluster = await SlurmCluster.start();
  });

  afterAll(async () => {
    // those that a test which failed has left
    for (const process of processes) process.kill('SIGKILL');
    await cluster?.stop();
    folder[Symbol.dispose]();
  });

  class Sweep {
    readonly file: string;
    readonly output: string;

    constructor(name: string, axes: string) {
      this.file = join(folder.path, `${name}.yaml`);
      this.output = join(folder.path, name);
      writeFileSync(this.file, `name: ${name}\n${SWEEP}${axes}`);
    }

    run(
      args: readonly string[] = [],
      onStart: (process: ChildProcess) => void = () => {},
    ): Promise<CliOutcome> {
      const argv = ['sweep', 'run', this.file, '--output', this.output, ...args];
      return this.#fsx(argv, onStart);
    }

    on(command: 'resume' | 'stop'): Promise<CliOutcome> {
      return this.#fsx(['sweep', command, this.output]);
    }

    #fsx(argv: readonly string[], onStart: (process: ChildProcess) => void = () => {}): Promise<CliOutcome> {
      const keep = (process: ChildProcess) => {
        processes.push(process);
        onStart(process);
      };
      return fsx(argv, { env: cluster.environment, onStart: keep });
    }

    trials(): TrialRecord[] {
      const file = join(this.output, 'manifest.json');
      return existsSync(file) ? (readJson(file) as { trials: TrialRecord[] }).trials : [];
    }

    /** The run folders of a trial. */
    runsOf(number: number): string[] {
      const trial = this.trials()[number - 1];
      if (trial === undefined) return [];
      const attempt = join(this.output, 'trials', trial.name, String(trial.attempt));
      const runs = existsSync(attempt) ? readdirSync(attempt).map((name) => join(attempt, name)) : [];
      return runs.filter((run) => existsSync(join(run, 'journal.jsonl')));
    }

    /** Steps that the journal of a trial has losses of. */
    stepsOf(number: number): number {
      const [run] = this.runsOf(number);
      if (run === undefined) return 0;
      return (readFileSync(join(run, 'journal.jsonl'), 'utf8').match(/"train\/loss"/g) ?? []).length;
    }

    /** How often a trial's run began or went on. */
    startsOf(number: number): number {
      return this.runsOf(number).flatMap((run) =>
        readJournal(run).entries.filter(({ item }) => item.kind === 'run-start'),
      ).length;
    }

    async untilStep(number: number, step: number): Promise<void> {
      while (this.stepsOf(number) < step) await delay(20);
    }

    /** The trials that run on a node, when there are so many. */
    async untilRunningOn(node: string, count: number): Promise<number[]> {
      for (;;) {
        const lines = (await this.queue()).filter((line) => line.endsWith(`${node} RUNNING`));
        const handles = lines.map((line) => line.split(' ')[0]);
        const trials = this.trials().filter(({ handle }) => handles.includes(handle ?? 'none'));
        if (trials.length === count) return trials.map(({ number }) => number);
        await delay(50);
      }
    }

    /** What Slurm has of it, `3_0 n1 RUNNING` a line. */
    async queue(): Promise<string[]> {
      const name = this.output.split('/').at(-1)!;
      const args = ['--array', '--noheader', `--name=${name}`, '--format=%i %N %T'];
      return (await cluster.run('squeue', ...args)).split('\n').filter((line) => line !== '');
    }
  }

  test('finishes every trial once although a node crashes, to the numbers that it would have had', async () => {
    const rates = [1, 2, 3, 4, 5, 6].map((number) => number / 1000);
    const sweep = new Sweep('crash', `grid: { training.learningRate: [${rates}] }\n`);
    const running = sweep.run();
    const [crashed] = (await sweep.untilRunningOn('n2', 2)) as [number];
    await sweep.untilStep(crashed, 5);
    cluster.crash('n2');
    expect(sweep.stepsOf(crashed)).toBeLessThan(STEPS);
    await cluster.untilDown('n2');
    await cluster.restore('n2');
    expect(await running).toMatchObject({ code: 0, stderr: '' });

    expect(sweep.trials().map(({ status }) => status)).toEqual(Array(6).fill('finished'));
    expect(sweep.trials().map(({ number }) => sweep.runsOf(number).length)).toEqual(Array(6).fill(1));
    expect(sweep.startsOf(crashed)).toBe(2);
    const recipe = join(sweep.output, 'trials', sweep.trials()[crashed - 1]!.name, 'recipe.yaml');
    const alone = await fsxRun(recipe, join(folder.path, 'alone'), ['--set', 'engine.threads=1']);
    expect(await tensorsOf(sweep.runsOf(crashed)[0]!)).toEqual(await tensorsOf(runFolder(alone)));
  });

  test('finds its job again when its own process was killed, goes on after the time limit, and saves when stopped', async () => {
    const sweep = new Sweep('orphaned', '');
    const killed = await sweep.run(ENDLESS, async (process) => {
      await sweep.untilStep(1, 3);
      process.kill('SIGKILL');
    });
    expect(killed.signal).toBe('SIGKILL');
    const [{ handle }] = sweep.trials() as [TrialRecord];
    const resumed = sweep.on('resume');
    // what Slurm itself sends before the time limit
    await cluster.run('scancel', '--batch', '--signal=USR1', handle!);
    while (sweep.startsOf(1) < 2) await delay(100);
    await sweep.untilStep(1, sweep.stepsOf(1) + 3);
    expect(await sweep.queue()).toEqual([expect.stringContaining(`${handle} `)]);
    expect(await sweep.on('stop')).toMatchObject({ code: 0, stderr: '' });
    expect(await resumed).toMatchObject({ code: 130, stderr: '' });
    expect(await sweep.queue()).toEqual([]);
    expect(sweep.startsOf(1)).toBe(2);
    expect(sweep.trials()[0]).toMatchObject({ status: 'interrupted', handle: null, error: null });
    expect(existsSync(join(sweep.runsOf(1)[0]!, 'checkpoints/last.safetensors'))).toBe(true);
  });

  test('that Slurm refuses says why, and starts nothing', async () => {
    const sweep = new Sweep('refused', '');
    const refused = await sweep.run(['--set', 'launcher.partition=nope']);
    expect(refused.code).toBe(7);
    expect(refused.stderr).toMatch(/FSX_SLURM_SUBMIT[\s\S]*invalid partition specified: nope/i);
    expect(sweep.trials()[0]).toMatchObject({ status: 'waiting', handle: null });
  });
});
