import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BenchmarkResults } from '../../src/core/benchmark/results.ts';
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

const SECOND_STEPS = 30;
const COMMON = 'set: { engine: wasm, evaluation: { overlays: 0 } }';
const STAGE = '{ name: supervised, ssl: { type: supervised }, steps: 3 }';
const METHODS = `methods:
  supervised: { set: { stages: [${STAGE}] } }
  control:
    set: { stages: [${STAGE}, { name: control, from: supervised, ssl: { type: supervised }, steps: ${SECOND_STEPS} }] }
  taught:
    set: { stages: [${STAGE}, { name: teacher-student, from: supervised, ssl: { type: few-shot-dag }, steps: 2 }] }
reference: control
`;
const MATRIX = `name: matrix
seeds: [1, 2]
${COMMON}
datasets:
  four: { recipe: ${TINY} }
  three: { recipe: ${TINY}, set: { data: { split: { labeled: 3 } } } }
${METHODS}`;

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

interface TrialRecord {
  readonly status: string;
  readonly run: string | null;
  readonly error: string | null;
  readonly timeIsWhole: boolean;
}

class Bench {
  readonly file: string;
  readonly output: string;

  constructor(name: string, text: string) {
    this.file = join(folder.path, `${name}.yaml`);
    this.output = join(folder.path, name);
    writeFileSync(this.file, text);
  }

  /** @param onStart may signal the process. */
  run(
    args: readonly string[] = [],
    onStart: (process: ChildProcess) => void = () => {},
  ): Promise<CliOutcome> {
    return fsx(['bench', this.file, '--output', this.output, ...args], { onStart });
  }

  /** Sends a signal to the benchmark alone, once a trial has taken some steps. */
  runUntil(trial: string, step: number, signal: NodeJS.Signals): Promise<CliOutcome> {
    return this.run([], async (process) => {
      while (this.stepsOf(trial) < step && process.exitCode === null) await delay(20);
      process.kill(signal);
    });
  }

  records(): Record<string, TrialRecord> {
    const file = join(this.output, 'manifest.json');
    return existsSync(file) ? (readJson(file) as { trials: Record<string, TrialRecord> }).trials : {};
  }

  runOf(trial: string): string {
    return join(this.output, this.records()[trial]!.run!);
  }

  /** Steps that the trial's journal has losses of. */
  stepsOf(trial: string): number {
    const run = this.records()[trial]?.run;
    const journal = run ? join(this.output, run, 'journal.jsonl') : '';
    return existsSync(journal) ? (readFileSync(journal, 'utf8').match(/"train\/loss"/g) ?? []).length : 0;
  }

  methods() {
    const { datasets } = readJson(this.output, 'results.json') as BenchmarkResults;
    return datasets.flatMap(({ name, methods }) => methods.map((method) => ({ ...method, dataset: name })));
  }

  /** What the tables say of a seed on a dataset, but for the places of the runs. */
  numbersOf(dataset: string, seed: number) {
    const own = this.methods().filter((method) => method.dataset === dataset);
    return own.map(({ name, seeds, versus }) => {
      const { run: _, ...numbers } = seeds.find((one) => one.seed === seed)!;
      return { name, ...numbers, difference: versus?.bySeed.find((one) => one.seed === seed) };
    });
  }
}

const whole = new Bench('whole', MATRIX);
let outcome: CliOutcome;

beforeAll(async () => {
  outcome = await whole.run(['--jobs', '2']);
});

describe('two datasets, three methods, two seeds', () => {
  test('are trained and compared by one command', () => {
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(outcome.stdout).toContain('[12/12]');
    const files = ['results.csv', 'results.html', 'results.json', 'results.md'];
    expect(readdirSync(whole.output).filter((name) => name.startsWith('results'))).toEqual(files);
    const rows = whole.methods();
    expect(
      rows.map(({ dataset, steps, sharedSteps, seeds }) => [dataset, steps, sharedSteps, seeds.length]),
    ).toEqual(
      ['four', 'three'].flatMap((name) => [
        [name, 3, 0, 2],
        [name, 3 + SECOND_STEPS, 3, 2],
        [name, 5, 3, 2],
      ]),
    );
    for (const { mre, versus, dataset, name } of rows) {
      expect(mre.value, `${dataset}/${name}`).toBeGreaterThan(0);
      if (versus !== null) expect(versus.bySeed).toHaveLength(2);
    }
  });

  test('have nothing left to do', async () => {
    const again = await whole.run();
    expect(again.code).toBe(0);
    expect(again.stdout).not.toContain('[1/');
  });

  test('a method that starts from a shared stage has the weights of a run that trained it itself, bit for bit', async () => {
    const stages = JSON.stringify([
      { name: 'supervised', ssl: { type: 'supervised' }, steps: 3 },
      { name: 'teacher-student', from: 'supervised', ssl: { type: 'few-shot-dag' }, steps: 2 },
    ]);
    const set = ['seed=2', `stages=${stages}`, 'engine=wasm', 'data.split.labeled=3'];
    const alone = await fsxRun(
      TINY,
      join(folder.path, 'alone'),
      set.flatMap((one) => ['--set', one]),
    );
    expect(alone).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(join(whole.runOf('three/taught/2'), 'checkpoints'))).not.toContain(
      'supervised.safetensors',
    );
    expect(await tensorsOf(whole.runOf('three/taught/2'))).toEqual(await tensorsOf(runFolder(alone)));
    expect(readJson(whole.runOf('three/taught/2'), 'metrics.json')).toEqual(
      readJson(runFolder(alone), 'metrics.json'),
    );
  });
});

const BROKEN = `name: broken
seeds: [1]
${COMMON}
datasets:
  four: { recipe: ${TINY} }
${METHODS.replace('  supervised: { set: {', '  supervised: { set: { data: { split: { labeled: 40 } },')}`;

test('a method that fails is kept apart and tried again when asked', async () => {
  const bench = new Bench('broken', BROKEN);
  const outcome = await bench.run();
  expect(outcome.code).toBe(7);
  expect(outcome.stdout).toMatch(/four\/supervised\/1 failed:\n.*data\.split\.labeled asks for 40/);
  expect(bench.methods().map(({ name }) => name)).toEqual(['control', 'taught']);
  expect(bench.records()['four/supervised/1']).toMatchObject({ status: 'failed', run: null });
  expect(readFileSync(join(bench.output, 'results.md'), 'utf8')).toContain(
    '- four/supervised/1: failed. Error: data',
  );

  const again = await bench.run();
  expect(again.code).toBe(7);
  expect(again.stdout).not.toContain('[1/');
  const retried = await bench.run(['--retry-failed']);
  expect(retried.code).toBe(7);
  expect(retried.stdout).toContain('[1/1] four/supervised/1');
});

describe('a benchmark with one seed', () => {
  const small = MATRIX.replace('[1, 2]', '[1]').replace(/^ {2}three:.*\n/m, '');

  test('killed in the middle of a trial, goes on with the same command to the numbers of one without a stop', async () => {
    const bench = new Bench('killed', small);
    const killed = await bench.runUntil('four/control/1', 4, 'SIGKILL');
    expect(killed.signal).toBe('SIGKILL');
    const run = bench.runOf('four/control/1');
    const again = await bench.run();
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toContain('four/control/1, from where it stopped');
    expect(bench.runOf('four/control/1')).toBe(run);
    expect(await tensorsOf(run)).toEqual(await tensorsOf(whole.runOf('four/control/1')));
    expect(bench.numbersOf('four', 1)).toEqual(whole.numbersOf('four', 1));
    expect(bench.records()['four/control/1']).toMatchObject({ status: 'finished', timeIsWhole: false });
  });

  test('stops on Ctrl-C after the step, saves it, and goes on later', async () => {
    const bench = new Bench('stopped', small);
    const stopped = await bench.runUntil('four/control/1', 3, 'SIGINT');
    expect(stopped).toMatchObject({ code: 130, stderr: '' });
    expect(bench.records()['four/control/1']).toMatchObject({ status: 'interrupted', timeIsWhole: true });
    expect(bench.records()).not.toHaveProperty('four/taught/1');
    const listed = await bench.run(['--list', '--only', 'method=control']);
    expect(listed.stdout).toMatch(/four\/control\/1 .* interrupted .* 33 .* four\/supervised\/1/);
    const resumed = await bench.run(['--only', 'method=control']);
    expect(resumed.code).toBe(0);
    expect(resumed.stdout).toContain('[1/1] four/control/1, from where it stopped');
    expect(bench.stepsOf('four/control/1')).toBe(SECOND_STEPS);

    const reported = await bench.run(['--report-only']);
    expect(reported.code).toBe(0);
    expect(reported.stdout).toContain('1 of 3 trials are not finished');
  });

  test('refuses to mix trials of changed settings with those of before', async () => {
    const bench = new Bench('changed', small);
    expect((await bench.run(['--only', 'method=supervised'])).code).toBe(0);
    writeFileSync(
      bench.file,
      small.replaceAll('{ type: supervised }, steps: 3', '{ type: supervised }, steps: 4'),
    );
    const refused = await bench.run();
    expect(refused.code).toBe(7);
    expect(refused.stderr).toContain('FSX_BENCHMARK_CHANGED');
    const rerun = await bench.run(['--only', 'method=supervised', '--rerun-changed']);
    expect(rerun.stdout).toContain('[1/1] four/supervised/1');
    expect(bench.stepsOf('four/supervised/1')).toBe(4);
  });

  test('is tried by one step a stage of each method, and nothing is written', async () => {
    const bench = new Bench('tried', small);
    const tried = await bench.run(['--dry-run']);
    expect(tried).toMatchObject({ code: 0, stderr: '' });
    expect(tried.stdout.split('\n')).toEqual(
      ['supervised', 'control', 'taught'].map((method) => `four/${method}: runs`),
    );
    expect(existsSync(bench.output)).toBe(false);
  });
});
