import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import Compare from '../../src/cli/commands/compare.ts';
import Evaluate from '../../src/cli/commands/evaluate.ts';
import { createRegistry } from '../../src/composition.ts';
import { prepareExperiment } from '../../src/core/experiment/experiment.ts';
import { loadRecipe } from '../../src/core/recipe/load.ts';
import { trainTinyRun, writeFilms } from '../support/trained-run.ts';
import { runCommand } from './run-command.ts';

let root: string;
let run: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'fsx-evaluate-'));
  run = await trainTinyRun(root);
  await writeFilms(root);
}, 180_000);

afterAll(() => rm(root, { recursive: true }));

const realData = process.env.FSX_DATA;
if (realData === undefined)
  console.warn(
    'SKIPPED: fsx evaluate on real chest radiographs; set FSX_DATA to the folder of chest_shenzhen6',
  );
const evaluate = (...argv: string[]) => runCommand(Evaluate, argv);

/** Predicted positions in the order of `predictions.csv`. */
async function positionsOf(folder: string, weights: string): Promise<(readonly [number, number])[]> {
  const rows: Record<string, string>[] = parse(await readFile(join(folder, 'predictions.csv')), {
    columns: true,
  });
  return rows
    .filter((row) => row.weights === weights)
    .map(({ x_px, y_px }) => [Number(x_px), Number(y_px)] as const);
}

describe('fsx evaluate', () => {
  it("finds the run's own numbers again", async () => {
    const { stdout, stderr, exitCode } = await evaluate(run, '--json');
    expect(exitCode).toBe(0);
    expect(stderr).not.toContain('Careful');
    const own = JSON.parse(await readFile(join(run, 'metrics.json'), 'utf8'));
    expect(JSON.parse(stdout)).toMatchObject({ stage: 'teacher-student', step: 4, metrics: own });
  });

  it('lets the end of an earlier stage be compared with the run', async () => {
    const output = join(root, 'supervised');
    const { stdout } = await evaluate(run, '--checkpoint', 'supervised', '--output', output);
    expect(stdout).toMatch(/supervised\.safetensors \(stage supervised, step 4\)/);
    expect(stdout).toMatch(/Test: 4 images\n[\s\S]*teacher[\s\S]*student[\s\S]*mean shape/);
    expect(await readdir(output)).toEqual(['metrics.json', 'overlays', 'predictions.csv']);
    const compared = await runCommand(Compare, [output, run]);
    expect(compared).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('4 common test images') });
  });

  it('measures on the test images of another recipe, and says that without a spacing lengths are in pixels', async () => {
    const { stdout, exitCode } = await evaluate(run, '--data', join(root, 'films.yaml'));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Test: 3 images\. The pixel spacing of 3 of 3 test images is unknown/);
    expect(stdout).toContain('MRE ± SD (px)');
  });

  it('takes values of the data set on the command line, with and without a recipe', async () => {
    const recipe = await evaluate(
      run,
      '--data',
      join(root, 'films.yaml'),
      '--set',
      'data.dataset.spacingMm=0.5',
    );
    expect(recipe.stdout).toMatch(/Test: 3 images\n[\s\S]*MRE ± SD \(mm\)/);
    const own = await evaluate(run, '--set', 'data.split.test=6');
    expect(own.stdout).toContain('Test: 6 images');
    expect(own.stderr).toContain('the model saw 2 of the 6 test images in its training');
  });

  it('matches landmarks by their order, and says so, where the data only number them', async () => {
    const folder = join(root, 'films');
    const names: string[] = [];
    const rows = (await readFile(join(folder, 'landmarks.csv'), 'utf8')).split('\n').map((row, index) => {
      const [image, name, x, y] = row.split(',') as [string, string, string, string];
      if (index > 0 && !names.includes(name)) names.push(name);
      return index === 0 ? row : [image, names.indexOf(name), x, y].join();
    });
    await writeFile(join(folder, 'numbered.csv'), rows.join('\n'));
    const data = ['--data', join(root, 'films.yaml')];
    const named = await evaluate(run, ...data, '--json');
    const numbered = await evaluate(run, ...data, '--json', '--set', 'data.dataset.landmarks=numbered.csv');
    expect(numbered.stderr).toContain('matched by their order');
    expect(JSON.parse(numbered.stdout).metrics).toEqual(JSON.parse(named.stdout).metrics);
  });

  it('refuses data with other landmarks, and lists both', async () => {
    const csv = await readFile(join(root, 'films', 'landmarks.csv'), 'utf8');
    await writeFile(join(root, 'films', 'other.csv'), csv.replaceAll('left', 'leftmost'));
    const { stderr, exitCode } = await evaluate(
      run,
      ...['--data', join(root, 'films.yaml'), '--set', 'data.dataset.landmarks=other.csv'],
    );
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/dataset +6: .*leftmost[\s\S]*checkpoint +6: .*left/);
  });

  it("refuses to write over a run's own results", async () => {
    const { stderr, exitCode } = await evaluate(run, '--checkpoint', 'supervised', '--output', run);
    expect({ stderr, exitCode }).toEqual({
      stderr: expect.stringContaining('is the folder of a run'),
      exitCode: 7,
    });
  });

  it('asks for a recipe where a checkpoint outside its run is to be measured on changed data', async () => {
    const model = join(root, 'model.safetensors');
    await copyFile(join(run, 'checkpoints', 'last.safetensors'), model);
    expect(await evaluate(model)).toMatchObject({ exitCode: 0 });
    const changed = await evaluate(model, '--set', 'data.split.test=6');
    expect(changed).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--data') });
  });

  it('measures how often the error radii of the validation images hold on the test images', async () => {
    const { stdout } = await evaluate(run);
    expect(stdout).toMatch(
      /Error radius of the teacher at 60.0 %: [\d.]+ mm, from 2 validation images; it holds/,
    );
    const { metrics } = JSON.parse((await evaluate(run, '--json')).stdout);
    const { teacher, unit } = metrics.conformal;
    const { overall } = metrics.teacher;
    expect(unit).toBe('mm');
    expect(teacher.landmarks).toHaveLength(6);
    expect(teacher.pooled.radius).toBeGreaterThan(overall.mre.value / 4);
    expect(teacher.pooled.coverage).toBeGreaterThanOrEqual(0);
    const demanding = await evaluate(run, '--set', 'evaluation.conformalLevel=0.9');
    expect(demanding.stdout).toMatch(/Error radius: infinite\. 2 labeled .* it takes 9 or more/);
  });

  it('takes validation images that the recipe of other data lists, and only those', async () => {
    const data = ['--data', join(root, 'films.yaml')];
    const none = JSON.parse((await evaluate(run, ...data, '--json')).stdout);
    expect(none.metrics.conformal).toMatchObject({ images: 0, notice: expect.stringContaining('0 labeled') });
    const ids = ['phantom-0000.png', 'phantom-0001.png'];
    const lists = ['--set', `data.split.validation=[${ids}]`, '--set', 'data.split.test=1'];
    const some = JSON.parse((await evaluate(run, ...data, ...lists, '--json')).stdout);
    expect(some.metrics.conformal).toMatchObject({ images: 2, unit: 'px' });
    expect(some.metrics.teacher.images).toBe(1);
  });

  it('measures the mean of several models, and lets it be compared with one of them', async () => {
    const [first, second, both] = ['first', 'second', 'both'].map((name) => join(root, 'ensemble', name)) as [
      string,
      string,
      string,
    ];
    const earlier = join(run, 'checkpoints', 'supervised.safetensors');
    await evaluate(run, '--output', first);
    await evaluate(earlier, '--output', second);
    const { stdout, exitCode } = await evaluate(run, '--with', earlier, '--output', both);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('mean of teacher of 2 models');
    const [a, b, mean] = [
      await positionsOf(first, 'teacher'),
      await positionsOf(second, 'teacher'),
      await positionsOf(both, 'ensemble'),
    ];
    expect(mean).toHaveLength(24);
    mean.forEach(([x, y], row) => {
      expect(x).toBeCloseTo((a[row]![0] + b[row]![0]) / 2, 4);
      expect(y).toBeCloseTo((a[row]![1] + b[row]![1]) / 2, 4);
    });
    const metrics = JSON.parse(await readFile(join(both, 'metrics.json'), 'utf8'));
    expect(metrics.conformal.ensemble.pooled.radius).toBeGreaterThan(0);
    await evaluate(earlier, '--with', earlier, '--output', second);
    const compared = await runCommand(Compare, [both, second, '--weights', 'ensemble']);
    expect(compared).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('ensemble weights') });
  });

  it('measures the mean of teacher and student where the recipe asks for it', async () => {
    const { stdout } = await evaluate(run, '--set', 'evaluation.ensemble=true', '--json');
    const { metrics } = JSON.parse(stdout);
    expect(metrics).toMatchObject({ ensembleOf: 'mean of teacher, student' });
    expect(metrics.ensemble.overall.points).toBe(metrics.teacher.overall.points);
    const flagged = await evaluate(run, '--weights', 'both', '--json');
    expect(JSON.parse(flagged.stdout).metrics.ensemble).toEqual(metrics.ensemble);
  });

  it('averages with the mirror image, and refuses it where no landmark has a partner', async () => {
    const plain = JSON.parse((await evaluate(run, '--json')).stdout).metrics;
    const flipped = JSON.parse(
      (await evaluate(run, '--set', 'evaluation.flip=true', '--json')).stdout,
    ).metrics;
    expect(flipped.teacher.overall.mre).not.toEqual(plain.teacher.overall.mre);
    expect(flipped.meanShape).toEqual(plain.meanShape);
    const unpaired = await evaluate(run, '--data', join(root, 'films.yaml'), '--set', 'evaluation.flip=true');
    expect(unpaired).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('FSX_FLIP_UNPAIRED') });
  });

  it('a run that would average with mirror images of unpaired landmarks is refused before it trains', async () => {
    const loaded = await loadRecipe(join(root, 'films.yaml'), {
      createRegistry: () => createRegistry(),
      overrides: ['evaluation.flip=true'],
    });
    await expect(prepareExperiment(loaded)).rejects.toThrow(/pairs no left landmark/);
  });

  it.skipIf(realData === undefined)(
    'measures a model of the phantom on real chest radiographs',
    async () => {
      const { stdout, stderr, exitCode } = await evaluate(run, '--data', 'recipes/chest-shenzhen-5shot.yaml');
      expect(exitCode).toBe(0);
      expect(stderr).toContain('matched by their order');
      expect(stdout).toMatch(/Test: \d+ images\. The pixel spacing of/);
    },
    120_000,
  );
});
