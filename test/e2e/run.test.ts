import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse as parseCsv } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MetricsFile } from '../../src/core/evaluation/metrics-schema.ts';
import {
  type CliOutcome,
  eventsOf,
  fsx,
  fsxRun,
  ROOT,
  readJson,
  runFolder,
  TINY,
  temporaryFolder,
} from './cli.ts';

const TEST_IMAGES = 4;
const LANDMARKS = 6;

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

describe('a run from the command line', () => {
  let outcome: CliOutcome;
  let run: string;

  beforeAll(async () => {
    outcome = await fsxRun(TINY, join(folder.path, 'runs'));
    run = runFolder(outcome);
  });

  test('ends well and leaves everything that a reader of the run wants', () => {
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    const checkpoints = ['best', 'last', 'supervised', 'teacher-student'];
    const files = [
      'environment.json',
      'journal.jsonl',
      'metrics.json',
      'predictions.csv',
      'recipe.resolved.yaml',
    ];
    expect(readdirSync(run).sort()).toEqual(
      ['checkpoints', 'overlays', 'report.html', 'split.json', 'tables', ...files].sort(),
    );
    expect(readdirSync(join(run, 'checkpoints')).sort()).toEqual(
      checkpoints.map((name) => `${name}.safetensors`),
    );
    expect(readdirSync(join(run, 'tables')).sort()).toEqual(['metrics.json', 'predictions.json']);
    expect(readdirSync(join(run, 'overlays')).sort()).toEqual([
      expect.stringMatching(/^best-.*\.png$/),
      'validation',
      expect.stringMatching(/^worst-.*\.png$/),
    ]);
  });

  test('metrics.json is what its committed schema says, and what the last event says', () => {
    const metrics = readJson(run, 'metrics.json') as MetricsFile;
    const validate = new Ajv({ strict: false }).compile(
      readJson(ROOT, 'schemas/metrics.schema.json') as object,
    );
    expect(validate(metrics), JSON.stringify(validate.errors)).toBe(true);
    expect(metrics.teacher).toMatchObject({ unit: 'mm', images: TEST_IMAGES, missingPoints: 0 });
    expect(eventsOf(outcome.events, 'result')[0]?.metrics).toEqual(metrics);
  });

  test('split.json uses every image once at most', () => {
    const split = readJson(run, 'split.json') as Record<string, string[]>;
    const ids = Object.values(split).flat();
    expect(Object.fromEntries(Object.entries(split).map(([use, { length }]) => [use, length]))).toEqual({
      labeled: 4,
      unlabeled: 6,
      validation: 2,
      test: TEST_IMAGES,
    });
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('predictions.csv has every landmark of the test images, and of no other', () => {
    const rows = parseCsv<Record<string, string>>(readFileSync(join(run, 'predictions.csv')), {
      columns: true,
    });
    const { test: expected } = readJson(run, 'split.json') as { test: string[] };
    expect(new Set(rows.map(({ image }) => image))).toEqual(new Set(expected));
    for (const weights of ['teacher', 'student', 'meanShape']) {
      expect(rows.filter((row) => Object.values(row).includes(weights))).toHaveLength(
        TEST_IMAGES * LANDMARKS,
      );
    }
  });

  test('report.html opens without a network', () => {
    const report = readFileSync(join(run, 'report.html'), 'utf8');
    expect(report).toContain('<svg');
    expect(report).toContain('data:image/png;base64,');
    expect(report).not.toMatch(/(src|href)\s*=\s*["']?(https?:)?\/\//i);
    expect(report).not.toMatch(/url\(\s*["']?(https?:)?\/\/|@import/i);
  });

  test('every line of --reporter json is an event, and each stage tells each step', () => {
    expect(outcome.stdout.split('\n')).toHaveLength(outcome.events.length);
    const steps = eventsOf(outcome.events, 'progress').map(({ stage, step }) => `${stage} ${step}`);
    const numbers = Array.from({ length: 8 }, (_, i) => i + 1);
    expect(steps).toEqual(
      ['supervised', 'teacher-student'].flatMap((name) => numbers.map((n) => `${name} ${n}`)),
    );
    const [teaching] = eventsOf(outcome.events, 'progress').slice(-1);
    expect(Object.keys(teaching!.metrics)).toEqual(expect.arrayContaining(['loss', 'loss.ssl', 'loss.js']));
  });

  test('wasm gives the losses of the default engine, within float tolerance', async () => {
    const wasm = await fsxRun(TINY, join(folder.path, 'wasm'), ['--engine', 'wasm']);
    expect(wasm.code).toBe(0);
    const losses = ({ events }: CliOutcome) =>
      eventsOf(events, 'progress').map(({ metrics }) => metrics.loss!);
    const expected = losses(outcome);
    for (const [step, loss] of losses(wasm).entries()) {
      expect(Math.abs(loss - expected[step]!) / expected[step]!, `step ${step + 1}`).toBeLessThan(1e-3);
    }
    expect(losses(wasm)[0]).toBeCloseTo(expected[0]!, 5);
  });
});

test('text for people names the engine and why, the table of errors and where the report lies', async () => {
  const outcome = await fsx(['run', TINY, '--engine', 'wasm', '--set', `output=${folder.path}/text`], {
    cwd: folder.path,
  });
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  expect(outcome.stdout).toMatch(/engine +wasm: .*\(the recipe or the command line asks for it\)/);
  expect(outcome.stdout).toMatch(/mean shape.*│/);
  const report = /^Report: +(.+)$/m.exec(outcome.stdout)?.[1];
  expect(existsSync(report ?? '')).toBe(true);
});

test('a dry run takes one step of each stage and writes nothing', async () => {
  const empty = temporaryFolder();
  const outcome = await fsx(['run', TINY, '--dry-run'], { cwd: empty.path });
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  expect(outcome.stdout).toMatch(/stage supervised: one step, loss \d/);
  expect(outcome.stdout).toMatch(/stage teacher-student: one step, loss \d/);
  expect(readdirSync(empty.path)).toEqual([]);
  empty[Symbol.dispose]();
});

test('all mistakes of a recipe are told at once, and nothing is written', async () => {
  const mistakes = ['training.learnigRate=1', 'model.backbone.type=tinny', 'seed=-1'];
  const outcome = await fsxRun(
    TINY,
    join(folder.path, 'none'),
    mistakes.flatMap((mistake) => ['--set', mistake]),
  );
  expect(outcome.code).toBe(3);
  expect(outcome.stderr).toContain('learningRate');
  expect(outcome.stderr).toContain('tiny');
  expect(outcome.stderr).toContain('seed');
  expect(existsSync(join(folder.path, 'none'))).toBe(false);
});
