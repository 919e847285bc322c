import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import Evaluate from '../../src/cli/commands/evaluate.ts';
import Predict from '../../src/cli/commands/predict.ts';
import { trainTinyRun, writeFilms } from '../support/trained-run.ts';
import { runCommand } from './run-command.ts';

let root: string;
let run: string;
let films: string[];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'fsx-matching-'));
  run = await trainTinyRun(root, 'evaluation.matching=true');
  films = await writeFilms(root);
}, 180_000);

afterAll(() => rm(root, { recursive: true }));

describe('a run with evaluation.matching', () => {
  it('is measured with its landmarks moved, and can be measured without', async () => {
    const own = JSON.parse(await readFile(join(run, 'metrics.json'), 'utf8'));
    expect((await metricsOf(run)).teacher).toEqual(own.teacher);
    const unmoved = await metricsOf(run, '--set', 'evaluation.matching=false');
    expect(unmoved.teacher.overall.mre.value).not.toBe(own.teacher.overall.mre.value);
    expect(unmoved.meanShape).toEqual(own.meanShape);
  });

  it('predicts from its checkpoint alone what it is measured with', async () => {
    const model = join(root, 'elsewhere.safetensors');
    await copyFile(join(run, 'checkpoints', 'last.safetensors'), model);
    const output = join(root, 'evaluated');
    const data = ['--data', join(root, 'films.yaml'), '--set', 'evaluation.matching=true'];
    await runCommand(Evaluate, [run, ...data, '--output', output]);
    const measured = rowsOf(await readFile(join(output, 'predictions.csv'), 'utf8'));
    const { stdout } = await runCommand(Predict, [model, films[0]!, '--tta', '0']);
    for (const { landmark, x_px, y_px } of rowsOf(stdout)) {
      const row = measured.find(
        (other) =>
          other.weights === 'teacher' && other.landmark === landmark && other.image === basename(films[0]!),
      );
      expect(Math.hypot(Number(row!.x_px) - Number(x_px), Number(row!.y_px) - Number(y_px))).toBeLessThan(
        1e-3,
      );
    }
  });

  it('is what it takes: another run holds no labeled images to compare with, and says so', async () => {
    const other = await trainTinyRun(root);
    const { stderr, exitCode } = await runCommand(Evaluate, [other, '--set', 'evaluation.matching=true']);
    expect(exitCode).toBe(7);
    expect(stderr).toContain('FSX_EXAMPLES_MISSING');
  });
});

async function metricsOf(...argv: string[]) {
  const { stdout } = await runCommand(Evaluate, [...argv, '--json']);
  return JSON.parse(stdout).metrics;
}

const rowsOf = (text: string): Record<string, string>[] => parse(text, { columns: true });
