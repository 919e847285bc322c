import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseCsv } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Manifest, type TrialRecord } from '../../../src/core/benchmark/manifest.ts';
import { planTrials, type Trial } from '../../../src/core/benchmark/plan.ts';
import { explanations, methodTable, seedTable } from '../../../src/core/benchmark/result-table.ts';
import { type BenchmarkResults, collectResults } from '../../../src/core/benchmark/results.ts';
import { writeResults } from '../../../src/core/benchmark/write-results.ts';
import { comparePaired } from '../../../src/core/evaluation/paired-comparison.ts';
import { imageErrors, readRunResults } from '../../../src/core/evaluation/run-results.ts';
import { compareOverSeeds, meanOverSeeds } from '../../../src/core/evaluation/seeds.ts';
import {
  meanShapePredictions,
  syntheticPredictions,
  writeSyntheticRun,
} from '../evaluation/synthetic-run.ts';
import { BENCHMARK, loadText } from './fixture.ts';

const spacing = { xMm: 0.5, yMm: 0.5 };
const NOISE_PX = { supervised: 8, control: 5, taught: 4 };
const DESCRIBED = BENCHMARK.replace('  taught:\n', '  taught:\n    description: <teacher & student>\n');
const benchmark = await loadText({ benchmark: DESCRIBED });
const plan = await planTrials(benchmark, 'wasm');

let directory: string;
let results: BenchmarkResults;

/** Everything on dataset `five` is finished; on `three` one seed of one method, and one trial failed. */
beforeAll(async () => {
  directory = process.env.FSX_KEEP_REPORT ?? (await mkdtemp(join(tmpdir(), 'fsx-bench-')));
  const manifest = await Manifest.open(directory, 'small', async () => 'wasm');
  for (const trial of plan.filter(({ dataset }) => dataset === 'five')) await finish(manifest, trial);
  await finish(manifest, plan.find(({ id }) => id === 'three/taught/2')!);
  await manifest.record(plan.find(({ id }) => id === 'three/control/1')!, {
    ...recordOf(plan.find(({ id }) => id === 'three/control/1')!),
    ...{ status: 'failed', run: null, error: 'Error: no memory <left>\nCode: FSX_X' },
  });
  results = await collectResults(benchmark, plan, manifest);
  await writeResults(directory, results);
});

afterAll(async () => {
  if (process.env.FSX_KEEP_REPORT === undefined) await rm(directory, { recursive: true });
});

function recordOf(trial: Trial): TrialRecord {
  const times = {
    wallSeconds: 60,
    cpuSeconds: 100,
    timeIsWhole: trial.seed === 1 || trial.method !== 'taught',
  };
  const run = `runs/${trial.recipe.name}`;
  return {
    hash: trial.hash,
    status: 'finished',
    run,
    startsFrom: trial.startsFrom,
    pid: null,
    ...times,
    error: null,
  };
}

async function finish(manifest: Manifest, trial: Trial): Promise<void> {
  const noisePx = NOISE_PX[trial.method as keyof typeof NOISE_PX];
  const teacher = syntheticPredictions({ images: 30, noisePx, seed: trial.id, spacing });
  const folder = join(directory, 'runs', trial.recipe.name);
  await writeSyntheticRun(folder, { teacher, meanShape: meanShapePredictions(teacher) });
  await writeFile(join(folder, 'environment.json'), JSON.stringify(ENVIRONMENT));
  await manifest.record(trial, recordOf(trial));
}

const ENVIRONMENT = {
  ...{ startedAt: '', recipeFile: '', baseDirectory: '', recipeHash: '', overrides: [], node: '' },
  commit: '0123abc',
  engine: { name: 'wasm', description: '', reason: '' },
  machine: { host: '', system: '', processor: '', memoryGb: 1 },
};

const runOf = (id: string) => readRunResults(join(directory, 'runs', id.replaceAll('/', '.')), 'teacher');

describe('the results of a method', () => {
  test('are means over the seeds of what its runs measured', async () => {
    const control = results.datasets[0]!.methods.find(({ name }) => name === 'control')!;
    const runs = await Promise.all([1, 2].map((seed) => runOf(`five/control/${seed}`)));
    const overall = runs.map(({ metrics }) => metrics.overall);
    const mean = (values: number[]) => expect.closeTo((values[0]! + values[1]!) / 2, 12);
    expect(control).toMatchObject({
      mre: meanOverSeeds(overall.map(({ mre }) => mre.value)),
      sd: mean(overall.map(({ sd }) => sd)),
      median: mean(overall.map(({ median }) => median.value)),
      failedImages: mean(overall.map(({ failureRate }) => failureRate.images.value)),
      missingSeeds: [],
    });
    expect(control.sdr[1]).toEqual({
      radius: 2.5,
      rate: mean(overall.map(({ sdr }) => sdr[1]!.rate.value)),
    });
  });

  test('compare it with its own opponent, seed by seed and over them', async () => {
    const taught = results.datasets[0]!.methods.find(({ name }) => name === 'taught')!;
    const pairs = await Promise.all(
      [1, 2].map(async (seed) => {
        const [reference, candidate] = await Promise.all(
          ['supervised', 'taught'].map((method) => runOf(`five/${method}/${seed}`)),
        );
        const images = [...reference!.pointsByImage.keys()];
        return {
          seed,
          images,
          reference: imageErrors(reference!, images),
          candidate: imageErrors(candidate!, images),
        };
      }),
    );
    expect(taught.versus).toMatchObject({ against: 'supervised', ...compareOverSeeds(pairs) });
    expect(taught.versus!.bySeed[1]).toMatchObject(comparePaired(pairs[1]!.reference, pairs[1]!.candidate));
    expect(taught.versus!.difference.value).toBeLessThan(0);
  });

  test('correct the p-values for the two comparisons on the dataset, and test the reference against nothing', () => {
    const [supervised, control, taught] = results.datasets[0]!.methods;
    const pValues = [supervised!, taught!].map(({ versus }) => versus!.pValue).sort((a, b) => a - b);
    const adjusted = [supervised!, taught!].map(({ versus }) => versus!.adjustedPValue).sort((a, b) => a - b);
    expect(adjusted).toEqual([2 * pValues[0]!, Math.max(2 * pValues[0]!, pValues[1]!)]);
    expect(control!.versus).toBeNull();
  });

  test('count steps and times of a shared stage as if it were its own', () => {
    const [supervised, control] = results.datasets[0]!.methods;
    expect(supervised).toMatchObject({ steps: 10, sharedSteps: 0, wallSeconds: 60, cpuSeconds: 100 });
    expect(control).toMatchObject({ steps: 14, sharedSteps: 10, wallSeconds: 120, cpuSeconds: 200 });
  });
});

describe('what is not finished', () => {
  test('is listed with its error, and takes no row from what is', () => {
    expect(results.datasets[1]!.methods.map(({ name }) => name)).toEqual(['taught']);
    expect(results.datasets[1]!.methods[0]).toMatchObject({ missingSeeds: [1], versus: null });
    expect(results.unfinished).toHaveLength(5);
    expect(results.unfinished).toContainEqual({
      trial: 'three/control/1',
      state: 'failed',
      error: 'Error: no memory <left>\nCode: FSX_X',
    });
  });

  test('is seen in the table: seeds that are missing, no interval from one seed, no p-value', () => {
    const [row] = methodTable(results.datasets[1]!).rows;
    expect(row!.slice(0, 3)).toEqual(['taught', '1 of 2', '12 (10 shared)']);
    expect(row![4]).toBe('–');
    expect(row!.slice(-5, -2)).toEqual(['–', '', '']);
  });
});

describe('the tables', () => {
  test('name the unit, the test split and the mean shape', () => {
    expect(methodTable(results.datasets[0]!).caption).toMatch(
      /^five, test split: 64 images, drawn by each seed\. Lengths in mm; the mean shape alone: \d+\.\d\d mm$/,
    );
  });

  test('say whom a method is tested against where it is not the reference', () => {
    const rows = methodTable(results.datasets[0]!).rows;
    expect(rows[0]!.at(-5)).toMatch(/^\+\d\.\d\d \[.*\]$/);
    expect(rows[2]!.at(-5)).toMatch(/^−\d\.\d\d \[.*\] to supervised$/);
  });

  test('show each seed by itself, with the run that it comes from', () => {
    const { rows } = seedTable(results.datasets[0]!);
    expect(rows).toHaveLength(6);
    expect(rows[5]!.slice(0, 3)).toEqual(['taught', '2', '30']);
    expect(rows[5]!.at(-1)).toBe('runs/five.taught.2');
  });

  test('say that a time is not whole where a trial was killed', () => {
    const rows = methodTable(results.datasets[0]!).rows;
    expect(rows[2]!.at(-1)).toBe('> 3 min 20 s');
    expect(rows[0]!.at(-1)).toBe('1 min 40 s');
    expect(explanations(results).join()).toContain('once killed');
  });
});

describe('the files', () => {
  const read = (name: string) => readFile(join(directory, name), 'utf8');

  test('results.csv has a row a dataset and method, with numbers as they are', async () => {
    const rows: Record<string, string>[] = parseCsv(await read('results.csv'), { columns: true });
    expect(rows.map(({ dataset, method }) => `${dataset}/${method}`)).toEqual([
      'five/supervised',
      'five/control',
      'five/taught',
      'three/taught',
    ]);
    expect(Number(rows[1]!.mre)).toBe(results.datasets[0]!.methods[1]!.mre.value);
    expect(Number(rows[2]!.p_holm)).toBe(results.datasets[0]!.methods[2]!.versus!.adjustedPValue);
    expect(rows[3]).toMatchObject({
      seeds: '1',
      mre_low: '',
      difference: '',
      'sdr_2.5mm': expect.any(String),
    });
  });

  test('results.md has both tables of each dataset, and what failed', async () => {
    const text = await read('results.md');
    expect(text.match(/^\| method \| /gm)).toHaveLength(4);
    expect(text).toContain('- three/control/1: failed. Error: no memory <left>\n');
    const columns = text
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map((line) => line.split('|').length);
    expect(new Set(columns).size).toBe(2);
  });

  test('results.json is what was collected', async () => {
    expect(JSON.parse(await read('results.json'))).toEqual(results);
  });

  test('results.html shows both plots of each dataset, escapes what people wrote, and needs no network', async () => {
    const page = await read('results.html');
    expect(page.match(/class="chart"/g)).toHaveLength(4);
    expect(page).toContain('taught: &lt;teacher &amp; student&gt;');
    expect(page).toContain('no memory &lt;left&gt;');
    expect(page.match(/NaN|undefined|\[object|<script|(?:src|href)="(?!data:)/g)).toBeNull();
  });
});
