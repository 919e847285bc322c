import { copyFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import Evaluate from '../../src/cli/commands/evaluate.ts';
import Predict from '../../src/cli/commands/predict.ts';
import { seal, UNSEALED } from '../../src/core/training/checksum.ts';
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

/** The run's last checkpoint with other facts. */
async function copyOfModel(name: string, change: (facts: Record<string, unknown>) => void): Promise<string> {
  const { tensors, metadata } = decodeSafetensors(
    await readFile(join(run, 'checkpoints', 'last.safetensors')),
  );
  const facts = JSON.parse(metadata.facts!);
  change(facts);
  const file = join(root, name);
  const changed = { ...metadata, sha256: UNSEALED, facts: JSON.stringify(facts) };
  const parts = encodeSafetensors({ tensors, metadata: changed });
  seal(parts);
  await writeFile(file, parts);
  return file;
}

/** Predicted positions by landmark, of the first film. */
async function pointsOf(model: string, ...flags: string[]): Promise<Map<string, readonly [number, number]>> {
  return pointsOn(films[0]!, model, ...flags);
}

async function pointsOn(film: string, model: string, ...flags: string[]) {
  const { stdout } = await predict(model, film, '--tta', '0', ...flags);
  return new Map(
    rowsOf(stdout).map(({ landmark, x_px, y_px }) => [landmark!, [Number(x_px), Number(y_px)] as const]),
  );
}

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

  it('says within which radius the truth lies, as the run measured it for this very checkpoint', async () => {
    const { conformal } = JSON.parse(await readFile(join(run, 'metrics.json'), 'utf8'));
    const radii = new Map<string, number>(
      conformal.teacher.landmarks.map(({ name, radius }: { name: string; radius: number }) => [name, radius]),
    );
    for (const row of rowsOf((await predict(run, films[0]!, '--spacing', '0.5')).stdout)) {
      expect(row.radius_level).toBe('0.6');
      expect(Number(row.radius_mm)).toBeCloseTo(radii.get(row.landmark!)!, 3);
      expect(Number(row.radius_px)).toBeCloseTo(2 * radii.get(row.landmark!)!, 3);
    }
    const unknown = [['--checkpoint', 'supervised'], ['--flip'], ['--weights', 'both'], ['--with', run]];
    for (const flags of unknown) {
      const [row] = rowsOf((await predict(run, films[0]!, ...flags)).stdout);
      expect(row).toMatchObject({ radius_px: '', radius_mm: '', radius_level: '' });
    }
  });

  it('says it plainly where the run had too few validation images for a radius', async () => {
    const poor = join(root, 'poor');
    await cp(run, poor, { recursive: true });
    const metrics = JSON.parse(await readFile(join(run, 'metrics.json'), 'utf8'));
    metrics.conformal.notice = '2 labeled validation images are too few';
    for (const landmark of metrics.conformal.teacher.landmarks) landmark.radius = null;
    await writeFile(join(poor, 'metrics.json'), JSON.stringify(metrics));
    const { stdout, stderr, exitCode } = await predict(poor, films[0]!);
    expect({ stderr, exitCode }).toEqual({
      stderr: 'Note: 2 labeled validation images are too few\n',
      exitCode: 0,
    });
    expect(rowsOf(stdout)[0]).toMatchObject({ radius_mm: '' });
  });

  it('combines several models and both networks, each landmark with the one of its name', async () => {
    const renamed = await copyOfModel('renamed.safetensors', (facts) => {
      facts.landmarkNames = [...(facts.landmarkNames as string[])].reverse();
    });
    const earlier = join(run, 'checkpoints', 'supervised.safetensors');
    const [own, early, other] = [await pointsOf(run), await pointsOf(earlier), await pointsOf(renamed)];
    const pair = await pointsOf(run, '--with', renamed);
    const triple = await pointsOf(run, '--with', renamed, '--with', earlier, '--combine', 'median');
    for (const [name, [x, y]] of own) {
      const [theirs, before] = [other.get(name)!, early.get(name)!];
      expect(pair.get(name)![0]).toBeCloseTo((x + theirs[0]) / 2, 3);
      expect(pair.get(name)![1]).toBeCloseTo((y + theirs[1]) / 2, 3);
      expect(triple.get(name)![0]).toBeCloseTo([x, theirs[0], before[0]].sort((a, b) => a - b)[1]!, 3);
    }
    const student = await pointsOf(run, '--weights', 'student');
    const both = await pointsOf(run, '--weights', 'both');
    for (const [name, [x]] of own) expect(both.get(name)![0]).toBeCloseTo((x + student.get(name)![0]) / 2, 3);
  });

  it('refuses to combine models that find other landmarks', async () => {
    const other = await copyOfModel('other.safetensors', (facts) => {
      facts.landmarkNames = (facts.landmarkNames as string[]).map((name) => `${name} too`);
    });
    const { stderr, exitCode } = await predict(run, films[0]!, '--with', other);
    expect({ stderr, exitCode }).toEqual({ stderr: expect.stringContaining('same landmarks'), exitCode: 7 });
  });

  it('averages with the answer for the mirrored film, left and right swapped back', async () => {
    const [film, mirrored] = ['wide.png', 'mirrored.png'].map((name) => join(root, name)) as [string, string];
    // As wide to its height as the frame, so that the mirrored film lies in it as the mirrored frame does.
    await sharp(films[0]).extend({ right: 16 }).toFile(film);
    await sharp(film).flop().toFile(mirrored);
    const partner = (name: string) =>
      name.startsWith('left') ? name.replace('left', 'right') : name.replace('right', 'left');
    const [plain, flop] = [await pointsOn(film, run), await pointsOn(mirrored, run)];
    const averaged = await pointsOn(film, run, '--flip');
    for (const [name, [x, y]] of plain) {
      const [theirX, theirY] = flop.get(partner(name))!;
      expect(averaged.get(name)![0]).toBeCloseTo((x + 127 - theirX) / 2, 2);
      expect(averaged.get(name)![1]).toBeCloseTo((y + theirY) / 2, 2);
    }
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
    const file = await copyOfModel('plugged.safetensors', (facts) => {
      (facts.recipe as { plugins: string[] }).plugins = [join(root, 'my-net.ts')];
    });
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
