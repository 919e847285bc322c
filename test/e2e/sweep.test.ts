import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readJournal } from '../../src/core/tracking/journal-file.ts';
import { loadCursor } from '../../src/core/tracking/mlflow/cursor.ts';
import { type CliOutcome, fsx, readJson, TINY, temporaryFolder } from './cli.ts';
import { SweepFolder } from './sweep-folder.ts';

const STEPS = 30;
const SWEEP = `recipe: ${TINY}
set:
  engine: wasm
  stages: [{ name: supervised, ssl: { type: supervised }, steps: ${STEPS} }]
  evaluation: { overlays: 0 }
launcher: { type: local, workers: 2, threads: 1 }
`;

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

class Sweep extends SweepFolder {
  readonly file: string;

  constructor(name: string, axes: string) {
    super(join(folder.path, name));
    this.file = join(folder.path, `${name}.yaml`);
    writeFileSync(this.file, `name: ${name}\n${SWEEP}${axes}`);
  }

  run(
    args: readonly string[] = [],
    onStart: (process: ChildProcess) => void = () => {},
  ): Promise<CliOutcome> {
    return fsx(['sweep', 'run', this.file, '--output', this.output, ...args], { onStart });
  }

  on(command: 'resume' | 'status' | 'stop', args: readonly string[] = []): Promise<CliOutcome> {
    return fsx(['sweep', command, this.output, ...args]);
  }
}

describe('a sweep with two workers, one of them killed in the middle', () => {
  const sweep = new Sweep('killed', 'seeds: [1, 2]\ngrid: { training.learningRate: [0.001, 0.003] }\n');
  let first: CliOutcome;
  let killedRun: string;
  let resumed: CliOutcome;

  beforeAll(async () => {
    first = await sweep.run(['--keep-going'], async (process) => {
      await sweep.untilStep(2, 5, process);
      const [, pid] = sweep.trials()[1]!.handle!.split(':');
      globalThis.process.kill(Number(pid), 'SIGKILL');
    });
    killedRun = sweep.runOf(2);
  });

  test('finishes the other trials, and keeps the killed one with the reason', () => {
    expect(first).toMatchObject({ code: 7, stderr: '' });
    expect(sweep.statuses()).toEqual(['finished', 'interrupted', 'finished', 'finished']);
    expect(sweep.trials()[1]).toMatchObject({ error: 'killed by SIGKILL', handle: null });
    expect(sweep.stepsOf(2)).toBeLessThan(STEPS);
  });

  test('goes on from the checkpoint when it is resumed', async () => {
    resumed = await sweep.on('resume');
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect(sweep.statuses()).toEqual(Array(4).fill('finished'));
    expect(sweep.runOf(2)).toBe(killedRun);
  });

  test('is in MLflow one experiment with one parent, each trial under its settings', () => {
    const runs = sweep.trials().map(({ number }) => sweep.runOf(number));
    expect(new Set(runs.map((run) => loadCursor(run)?.experiment))).toEqual(new Set(['killed']));
    const { id } = readJson(sweep.output, 'manifest.json') as { id: string };
    const starts = runs.map((run) =>
      readJournal(run).entries.flatMap(({ item }) => (item.kind === 'run-start' ? [item.run] : [])),
    );
    // the second was killed and began twice
    expect(starts.map(({ length }) => length)).toEqual([1, 2, 1, 1]);
    for (const { parent } of starts.flat()) expect(parent).toEqual({ key: id, name: 'killed' });
    expect(starts[1]!.map(({ name }) => name)).toEqual(Array(2).fill('002.learningRate-0.003.seed-1'));
  });

  test('ranks the points in a table, a page of its own, a CSV file and the best recipe', async () => {
    const markdown = readFileSync(join(sweep.output, 'results.md'), 'utf8');
    expect(markdown).toMatch(/\| rank \| learningRate \| seeds \| val\/mre_px \|/);
    const csv = readFileSync(join(sweep.output, 'results.csv'), 'utf8').trim().split('\n');
    expect(csv).toHaveLength(5);
    const page = readFileSync(join(sweep.output, 'results.html'), 'utf8');
    expect(page).toContain('<svg class="chart"');
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    const best = readFileSync(join(sweep.output, 'best.yaml'), 'utf8');
    const rate = /learningRate: (\S+)/.exec(best)![1]!;
    expect(markdown).toContain(`| 1 | ${rate} | 2 |`);
    expect((await fsx(['validate', join(sweep.output, 'best.yaml')])).code).toBe(0);
  });

  test('has nothing left to do when it is run again', async () => {
    const again = await sweep.run();
    expect(again.code).toBe(0);
    expect(again.stdout).not.toMatch(/starts|goes on \(/);
  });
});

describe('a sweep that is stopped', () => {
  const TWO = 'grid: { training.learningRate: [0.001, 0.002] }\n';
  /** So many steps that no trial ends before it is stopped. */
  const ONE_AT_A_TIME = ['launcher.workers=1', 'set.stages.0.steps=100000'].flatMap((one) => ['--set', one]);

  test('by Ctrl-C saves what runs and starts no other', async () => {
    const sweep = new Sweep('interrupted', TWO);
    const stopped = await sweep.run(ONE_AT_A_TIME, async (process) => {
      await sweep.untilStep(1, 3, process);
      process.kill('SIGINT');
    });
    expect(stopped).toMatchObject({ code: 130, stderr: '' });
    expect(sweep.statuses()).toEqual(['interrupted', 'waiting']);
    expect(existsSync(join(sweep.runOf(1), 'checkpoints/last.safetensors'))).toBe(true);
  });

  test('by `fsx sweep stop` from elsewhere saves too', async () => {
    const sweep = new Sweep('stopped', TWO);
    let stop: Promise<CliOutcome> | undefined;
    const stopped = await sweep.run(ONE_AT_A_TIME, async (process) => {
      await sweep.untilStep(1, 3, process);
      stop = sweep.on('stop');
    });
    expect(stopped).toMatchObject({ code: 130, stderr: '' });
    expect(await stop).toMatchObject({ code: 0, stdout: expect.stringContaining('2 of 2 trials') });
    expect(sweep.trials()[0]).toMatchObject({ status: 'interrupted', handle: null });
    expect(existsSync(join(sweep.runOf(1), 'checkpoints/last.safetensors'))).toBe(true);
  });

  test('by kill -9 leaves no trial running, and goes on later', async () => {
    const sweep = new Sweep('orphaned', '');
    const killed = await sweep.run([], async (process) => {
      await sweep.untilStep(1, 3, process);
      process.kill('SIGKILL');
    });
    expect(killed.signal).toBe('SIGKILL');
    expect(sweep.trials()[0]!.status).toBe('running');
    expect((await sweep.on('resume')).code).toBe(0);
    expect(sweep.trials()[0]).toMatchObject({ status: 'finished', attempt: 1 });
    expect(sweep.stepsOf(1)).toBe(STEPS);
  });
});

describe('a sweep with trials that fail', () => {
  const sweep = new Sweep('broken', 'grid: { data.split.labeled: [40, 41] }\n');

  test('starts no other by default, keeps the error, and tries it again only when asked', async () => {
    const first = await sweep.run(['--set', 'launcher.workers=1']);
    expect(first.code).toBe(7);
    expect(sweep.statuses()).toEqual(['failed', 'waiting']);
    expect(sweep.trials()[0]!.error).toContain('data.split.labeled asks for 40');
    expect((await sweep.on('resume')).code).toBe(7);
    expect(sweep.statuses()).toEqual(['failed', 'failed']);
    expect(sweep.trials().map(({ attempt }) => attempt)).toEqual([1, 1]);
    await sweep.on('resume', ['--retry-failed', '--keep-going']);
    expect(sweep.trials().map(({ attempt }) => attempt)).toEqual([2, 2]);
    const status = await sweep.on('status');
    expect(status.stdout).toMatch(/001\.labeled-40.* failed .*asks for 40/);
  });

  test('is found by a dry run, which writes nothing', async () => {
    const dry = new Sweep('dry', 'grid: { data.split.labeled: [40, 4] }\nseeds: [1, 2]\n');
    const outcome = await dry.run(['--dry-run']);
    expect(outcome.code).toBe(7);
    expect(outcome.stdout).toMatch(/labeled-40\.seed-1: fails/);
    expect(outcome.stdout).toContain('labeled-4.seed-1: runs');
    expect(existsSync(dry.output)).toBe(false);
  });
});
