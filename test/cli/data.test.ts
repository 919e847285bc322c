import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import DataInspect from '../../src/cli/commands/data/inspect.ts';
import type { DataInspection } from '../../src/core/data/inspection/inspect.ts';
import { writeFilms } from '../support/trained-run.ts';
import { runCommand } from './run-command.ts';

let root: string;

const RECIPE = `
name: films
data:
  dataset:
    type: landmark-csv
    root: films
    samples: meta.csv
    sampleColumns: { split: part, patient: who }
  split: { pool: train, labeled: 1, validation: 0, test: test }
  image: { size: [64, 64] }
model: { backbone: { type: tiny } }
stages: [{ name: only, ssl: { type: supervised }, steps: 1 }]
`;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'fsx-inspect-'));
  await writeFilms(root);
  await writeFile(join(root, 'films.yaml'), RECIPE);
  await writeFile(
    join(root, 'films/meta.csv'),
    'image,part,who\nphantom-0000.png,train,p1\nphantom-0001.png,test,p2\nphantom-0002.png,train,p1\n',
  );
});

afterAll(() => rm(root, { recursive: true }));

const inspect = (...argv: string[]) => runCommand(DataInspect, [join(root, 'films.yaml'), ...argv]);

describe('fsx data inspect', () => {
  it('says what a dataset holds', async () => {
    const { stdout, exitCode } = await inspect();
    expect(exitCode).toBe(0);
    expect(stdout).toContain('landmark-csv of');
    expect(stdout).toMatch(/samples +3, 3 labeled, 2 patients\n/);
    expect(stdout).toMatch(/ test +1, 1 labeled, 1 patients\n/);
    expect(stdout).toMatch(/ train +2, 2 labeled, 1 patients\n/);
    expect(stdout).toMatch(/uses +1 labeled, 0 unlabeled, 0 validation, 1 test\n/);
    expect(stdout).toMatch(/size +112 x 96 px\n/);
    expect(stdout).toMatch(/spacing +unknown: lengths will be in pixels\n/);
    expect(stdout).toMatch(/1 .* right apex .* 3 .* 0 .* \d+\.\d %, \d+\.\d %/);
    expect(stdout).toContain('Nothing seems to be wrong.');
  });

  it('gives the same as JSON', async () => {
    const { stdout } = await inspect('--json', '--set', 'data.dataset.spacingMm=0.5');
    const inspection: DataInspection = JSON.parse(stdout);
    expect(inspection).toMatchObject({
      counts: { samples: 3, labeled: 3, complete: 3, patients: 2 },
      parts: { train: { samples: 2 }, test: { samples: 1 } },
      spacing: { known: 3, xMm: { min: 0.5, median: 0.5, max: 0.5 } },
      findings: [],
    });
    expect(inspection.landmarks).toHaveLength(6);
  });

  it('draws a sheet of images with their landmarks', async () => {
    const sheet = join(root, 'out/sheet.png');
    const { stdout } = await inspect('--sheet', sheet, '--sheet-images', '2');
    expect(stdout).toContain(`Sheet: ${sheet}`);
    expect(await sharp(await readFile(sheet)).metadata()).toMatchObject({ format: 'png' });
  });

  it('lists what is wrong, by sample, goes on, and exits with 4', async () => {
    const image = (name: string) => join(root, 'films/images', name);
    const whole = await readFile(image('phantom-0001.png'));
    try {
      await copyFile(image('phantom-0000.png'), image('phantom-0001.png'));
      const damaged = await readFile(image('phantom-0002.png'));
      await writeFile(image('copy.png'), damaged.subarray(0, damaged.length / 2));
      const sheet = join(root, 'findings.png');
      const { stdout, exitCode } = await inspect('--sheet', sheet, '--set', 'data.split.labeled=9');
      expect(exitCode).toBe(4);
      expect(stdout).toContain('3 errors:');
      expect(stdout).toMatch(/error +data\.split\.labeled asks for 9 images/);
      expect(stdout).toMatch(/error +copy\.png: .*cannot be read as an image/);
      expect(stdout).toMatch(
        /error +phantom-0000\.png, phantom-0001\.png: 2 images with the same pixels, in the dataset's parts test and train/,
      );
      expect(await sharp(await readFile(sheet)).metadata()).toMatchObject({ format: 'png' });
    } finally {
      await writeFile(image('phantom-0001.png'), whole);
      await rm(image('copy.png'), { force: true });
    }
  });

  it('refuses a recipe that is not valid, and a dataset that cannot be read', async () => {
    expect(await inspect('--set', 'data.dataset.rot=films')).toMatchObject({ exitCode: 3 });
    const { stderr, exitCode } = await inspect('--set', 'data.dataset.root=nowhere');
    expect(exitCode).toBe(4);
    expect(stderr).toContain('FSX_DATA_INVALID');
  });
});
