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

const STEPS = 40;
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
  let cluster: SlurmCluster;

  beforeAll(async () => {
    cluster = await SlurmCluster.start();
  });

  afterAll(async () => {
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
      return fsx(argv, { env: cluster.environment, onStart });
    }

    on(command: 'resume' | 'stop'): Promise<CliOutcome> {
      return fsx(['sweep', command, this.output], { env: cluster.environment });
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

    /** What Slurm has of it, `3_0 n1 RUNNING` a line. */
    async queue(): Promise<string[]> {
      const name = this.output.split('/').at(-1)!;
      const args = ['--array', '--noheader', `--name=${name}`, '--format=%i %N %T'];
      return (await cluster.run('squeue', ...args)).split('\n').filter((line) => line !== '');
    }
  }

  test('finishes every trial once although a node crashes, and one trial runs out of time', async () => {
    const sweep = new Sweep(
      'crash',
      `grid: { training.learningRate: [${[1, 2, 3, 4, 5, 6].map((n) => n / 1000)}] }\n`,
    );
    const running = sweep.run();
    await Promise.all([1, 2, 3, 4].map((number) => sweep.untilStep(number, 5)));
    const before = await sweep.queue();
    const numbersOn = (node: string) =>
      before.flatMap((line) => (line.includes(` ${node} `) ? [Number(/_(\d+)/.exec(line)![1]) + 1] : []));
    const crashed = numbersOn('n2');
    const [late] = numbersOn('n1');
    await cluster.run('scancel', '--batch', '--signal=USR1', sweep.trials()[late! - 1]!.handle!);
    cluster.crash('n2');
    await cluster.untilDown('n2');
    await cluster.restore('n2');
    expect(await running).toMatchObject({ code: 0, stderr: '' });

    const numbers = sweep.trials().map(({ number }) => number);
    expect(sweep.trials().map(({ status }) => status)).toEqual(Array(6).fill('finished'));
    expect(crashed).toHaveLength(2);
    const expected = numbers.map((number) => (crashed.includes(number) || number === late ? 2 : 1));
    expect(numbers.map((number) => sweep.startsOf(number))).toEqual(expected);
    expect(numbers.map((number) => sweep.runsOf(number).length)).toEqual(Array(6).fill(1));

    const [resumed] = crashed;
    const recipe = join(sweep.output, 'trials', sweep.trials()[resumed! - 1]!.name, 'recipe.yaml');
    const alone = await fsxRun(recipe, join(folder.path, 'alone'), ['--set', 'engine.threads=1']);
    const [run] = sweep.runsOf(resumed!);
    expect(await tensorsOf(run!)).toEqual(await tensorsOf(runFolder(alone)));
  });

  test('whose own process is killed finds its job again, starts it no second time, and stops it so that it saves', async () => {
    const sweep = new Sweep('orphaned', '');
    const killed = await sweep.run(ENDLESS, async (process) => {
      await sweep.untilStep(1, 3);
      process.kill('SIGKILL');
    });
    expect(killed.signal).toBe('SIGKILL');
    const [{ handle }] = sweep.trials() as [TrialRecord];
    const resumed = sweep.on('resume');
    await sweep.untilStep(1, sweep.stepsOf(1) + 5);
    expect(await sweep.queue()).toEqual([expect.stringContaining(`${handle} `)]);
    expect(await sweep.on('stop')).toMatchObject({ code: 0, stderr: '' });
    expect(await resumed).toMatchObject({ code: 130, stderr: '' });
    expect(await sweep.queue()).toEqual([]);
    expect(sweep.startsOf(1)).toBe(1);
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
