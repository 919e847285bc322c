import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import Compare from '../../src/cli/commands/compare.ts';
import type { EvaluatedPrediction } from '../../src/core/evaluation/prediction.ts';
import { syntheticPredictions, writeSyntheticRun } from '../core/evaluation/synthetic-run.ts';
import { runCommand } from './run-command.ts';

const spacing = { xMm: 0.5, yMm: 0.5 };
const images = 24;
let root: string;

beforeAll(async () => {
  root = process.env.FSX_KEEP_REPORT ?? (await mkdtemp(join(tmpdir(), 'fsx-compare-')));
  const write = (name: string, predictions: EvaluatedPrediction[]) =>
    writeSyntheticRun(join(root, name), { teacher: predictions });
  const worse = syntheticPredictions({ images, noisePx: 6, seed: 'worse', spacing });
  await write('supervised', worse);
  await write('few-shot', syntheticPredictions({ images, noisePx: 3, seed: 'better', spacing }));
  await write('half', syntheticPredictions({ images: 12, noisePx: 3, seed: 'half', spacing }));
  await write('pixels', syntheticPredictions({ images, noisePx: 3, seed: 'pixels' }));
  await write(
    'elsewhere',
    worse.map((prediction) => ({ ...prediction, id: `other-${prediction.id}` })),
  );
  await write(
    'relabeled',
    worse.map((prediction) => ({
      ...prediction,
      truth: prediction.truth.map((point) => (point === null ? null : ([point[0] + 1, point[1]] as const))),
    })),
  );
});

afterAll(async () => {
  if (process.env.FSX_KEEP_REPORT === undefined) await rm(root, { recursive: true });
});

const compare = (...argv: string[]) =>
  runCommand(
    Compare,
    argv.map((argument) => (argument.startsWith('-') ? argument : join(root, argument))),
  );

describe('fsx compare', () => {
  it('says how much better a run is, with interval and p-value', async () => {
    const { stdout, exitCode } = await compare('supervised', 'few-shot');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/few-shot .*-\d\.\d\d \[-\d\.\d\d, -\d\.\d\d\].*< 0\.0001/);
    expect(stdout).toContain('24 common test images');
    expect(stdout).not.toContain('Note');
  });

  it('compares with the run that --reference names', async () => {
    const { stdout } = await compare('supervised', 'few-shot', '--reference', 'few-shot');
    expect(stdout).toMatch(/few-shot .*reference/);
    expect(stdout).toMatch(/supervised .*\+\d/);
  });

  it('prints nothing but JSON with --json', async () => {
    const { stdout } = await compare('supervised', 'few-shot', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ unit: 'mm', runs: [{}, { versusReference: { pairs: 24 } }] });
  });

  it('pairs runs on their common images and says so', async () => {
    const { stdout } = await compare('supervised', 'half');
    expect(stdout).toMatch(/different test images \(24, 12\)/);
    expect(stdout).toContain('12 common test images');
  });

  it.each([
    ['runs without a common test image', ['supervised', 'elsewhere'], /no test image in common/],
    ['runs with other true landmarks', ['supervised', 'relabeled'], /different true landmarks/],
    ['a run in mm with a run in pixels', ['supervised', 'pixels'], /different units/],
    ['a run with itself', ['supervised', 'supervised'], /two different runs/],
    ['a folder that is not a run', ['supervised', 'nowhere'], /metrics\.json cannot be read/],
    [
      'weights that a run has not',
      ['supervised', 'few-shot', '--weights=student'],
      /no metrics of the student/,
    ],
  ])('refuses %s', async (_, argv, message) => {
    const { stderr, exitCode } = await compare(...argv);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(7);
  });

  it('writes a page with curves and paired differences', async () => {
    const file = join(root, 'comparison.html');
    const { stdout } = await compare('supervised', 'few-shot', '--html', 'comparison.html');
    expect(stdout).toContain('comparison.html');
    const page = await readFile(file, 'utf8');
    expect(page.match(/class="chart"/g)).toHaveLength(3);
    expect(page.match(/NaN|undefined|<script/g)).toBeNull();
  });
});
