import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import Evaluate from '../../src/cli/commands/evaluate.ts';
import Predict from '../../src/cli/commands/predict.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/core/training/safetensors.ts';
import { trainTinyRun, writeFilms } from '../support/trained-run.ts';
import { runCommand } from './run-command.ts';

let root: string;
let run: string;
let films: string[];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'fsx-predict-'));
  run = await trainTinyRun(root);
  films = await writeFilms(root);
}, 180_000);

afterAll(() => rm(root, { recursive: true }));

const predict = (...argv: string[]) => runCommand(Predict, argv);
const rowsOf = (text: string): Record<string, string>[] => parse(text, { columns: true });

describe('fsx predict', () => {
  it('finds the very landmarks that fsx evaluate measures on the same images', async () => {
    const output = join(root, 'evaluated');
    const evaluated = await runCommand(Evaluate, [
      run,
      '--data',
      join(root, 'films.yaml'),
      '--output',
      output,
    ]);
    expect(evaluated).toMatchObject({ exitCode: 0 });
    const expected = rowsOf(await readFile(join(output, 'predictions.csv'), 'utf8'))
      .filter(({ weights }) => weights === 'teacher')
      .map(({ image, landmark, x_px, y_px }) => [image, landmark, Number(x_px), Number(y_px)] as const)
      .sort();
    const { stdout, stderr, exitCode } = await predict(run, ...films);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    const found = rowsOf(stdout)
      .map(
        ({ image, landmark, x_px, y_px }) =>
          [basename(image!), landmark, Number(x_px), Number(y_px)] as const,
      )
      .sort();
    expect(found).toHaveLength(18);
    found.forEach(([image, landmark, x, y], row) => {
      const [expectedImage, expectedLandmark, expectedX, expectedY] = expected[row]!;
      expect([image, landmark]).toEqual([expectedImage, expectedLandmark]);
      expect(x).toBeCloseTo(expectedX, 3);
      expect(y).toBeCloseTo(expectedY, 3);
    });
  });

  it('gives mm with --spacing, and a spread that the other images of the call do not change', async () => {
    const alone = rowsOf((await predict(run, films[1]!, '--spacing', '0.5')).stdout);
    const together = rowsOf((await predict(run, join(root, 'films', 'images'), '--spacing', '0.5')).stdout);
    for (const { x_px, x_mm, y_px, y_mm, spread_px } of alone) {
      expect(Number(x_mm)).toBeCloseTo(Number(x_px) / 2, 3);
      expect(Number(y_mm)).toBeCloseTo(Number(y_px) / 2, 3);
      expect(Number(spread_px)).toBeGreaterThan(0);
      expect(Number(spread_px)).toBeLessThan(40);
    }
    expect(together.filter(({ image }) => image === films[1])).toEqual(alone);
  });

  it('needs the checkpoint file alone, and writes JSON and drawings where it is told', async () => {
    const [model, output, drawings] = ['model.safetensors', 'out/landmarks.json', 'drawings'].map((name) =>
      join(root, name),
    ) as [string, string, string];
    await copyFile(join(run, 'checkpoints', 'best.safetensors'), model);
    const argv = ['--format', 'json', '--tta', '0', '--output', output, '--overlays', drawings];
    const { stdout, exitCode } = await predict(model, ...films, films[0]!, ...argv);
    expect({ stdout, exitCode }).toEqual({ stdout: `4 of 4 images: ${output}\n`, exitCode: 0 });
    const images = JSON.parse(await readFile(output, 'utf8'));
    expect(images).toHaveLength(4);
    expect(images[0]).toMatchObject({ image: films[0], width: 112, height: 96 });
    expect(images[0].landmarks[0]).toMatchObject({ name: expect.any(String), xMm: null, spreadPx: null });
    expect(await readdir(drawings)).toEqual([
      'phantom-0000-2.png',
      'phantom-0000.png',
      'phantom-0001.png',
      'phantom-0002.png',
    ]);
  });

  it('reports a bad image, predicts the others, and exits with 4', async () => {
    const broken = join(root, 'broken.png');
    await writeFile(broken, 'not an image');
    const { stdout, stderr, exitCode } = await predict(
      run,
      films[0]!,
      broken,
      join(root, 'gone.png'),
      films[1]!,
    );
    expect(exitCode).toBe(4);
    expect(new Set(rowsOf(stdout).map(({ image }) => image))).toEqual(new Set([films[0], films[1]]));
    expect(stderr).toMatch(/broken\.png .*FSX_IMAGE_UNREADABLE/);
    expect(stderr).toMatch(/gone\.png \(FSX_IMAGE_MISSING/);
  });

  it('names the plugins that a checkpoint needs and that are gone', async () => {
    const bytes = await readFile(join(run, 'checkpoints', 'last.safetensors'));
    const { tensors, metadata } = decodeSafetensors(bytes);
    const facts = JSON.parse(metadata.facts!);
    facts.recipe.plugins = [join(root, 'my-net.ts')];
    const file = join(root, 'plugged.safetensors');
    await writeFile(
      file,
      encodeSafetensors({ tensors, metadata: { ...metadata, facts: JSON.stringify(facts) } }),
    );
    const { stderr, exitCode } = await predict(file, films[0]!);
    expect({ stderr, exitCode }).toEqual({
      stderr: expect.stringMatching(/not there: .*my-net\.ts/),
      exitCode: 6,
    });
  });

  it.each([
    [
      'a checkpoint that the run has not',
      ['--checkpoint', 'bst'],
      7,
      /It has: best, last, supervised, teacher-student/,
    ],
    ['a spacing that is no length', ['--spacing', '0'], 2, /side of a pixel/],
  ])('refuses %s', async (_, flags, code, message) => {
    const { stderr, exitCode } = await predict(run, films[0]!, ...flags);
    expect({ stderr, exitCode }).toEqual({ stderr: expect.stringMatching(message), exitCode: code });
  });

  it('says what is no run and no checkpoint', async () => {
    expect(await predict(join(root, 'nowhere'), films[0]!)).toMatchObject({ exitCode: 7 });
    const twice = await predict(join(run, 'checkpoints', 'last.safetensors'), films[0]!, '--checkpoint=best');
    expect(twice).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('names a second') });
  });
});
