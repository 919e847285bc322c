import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import Compare from '../../src/cli/commands/compare.ts';
import Evaluate from '../../src/cli/commands/evaluate.ts';
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
