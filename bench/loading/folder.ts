import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { createRegistry } from '../../src/composition.ts';
import { cacheDirectory } from '../../src/core/cache-directory.ts';
import { readJournal } from '../../src/core/tracking/journal-file.ts';
import { fsxRun, runFolder } from '../../test/e2e/cli.ts';
import { peakMemoryMb } from '../harness/peak-memory.ts';

/** Different images in a folder; the others are these under more names. */
const DRAWN = 10;
const SIZE_PX = 512;
/** The steps whose waiting is looked at. */
const STEPS = 20;

export interface FolderRun {
  readonly images: number;
  /** The second time finds what the first one may have kept. */
  readonly time: 'first' | 'second';
  /** From the start of the process until all images were read. */
  readonly readS: number;
  /** From the start of the process. */
  readonly firstStepS: number;
  /** Share of the later steps' time that was spent waiting for batches. */
  readonly waitShare: number;
  readonly readingPeakMb: number | undefined;
  readonly peakMb: number | undefined;
}

/** A folder of PNG files with landmarks. @returns its path. */
export async function makeFolder(parent: string, images: number): Promise<string> {
  const folder = join(parent, `images-${images}`);
  mkdirSync(join(folder, 'images'), { recursive: true });
  const registry = await createRegistry();
  const phantom = { type: 'chest-phantom', samples: Math.min(images, DRAWN), size: SIZE_PX };
  const dataset = await registry.create('dataset', phantom, { baseDirectory: '.' });
  const rows = ['image,landmark,x,y'];
  for (let index = 0; index < images; index++) {
    const file = `${index}.png`;
    const path = join(folder, 'images', file);
    const sample = dataset.samples[index % DRAWN]!;
    if (index < DRAWN) await writePng(path, await dataset.read(sample));
    else linkSync(join(folder, 'images', `${index % DRAWN}.png`), path);
    for (const [landmark, point] of sample.landmarks.entries()) {
      rows.push(`${file},${landmark},${point![0]},${point![1]}`);
    }
  }
  writeFileSync(join(folder, 'landmarks.csv'), `${rows.join('\n')}\n`);
  return folder;
}

async function writePng(path: string, { width, height, pixels }: Picture): Promise<void> {
  const bytes = Uint8Array.from(pixels, (value) => Math.round(255 * value));
  await sharp(bytes, { raw: { width, height, channels: 1 } })
    .png()
    .toFile(path);
}

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Float32Array;
}

/** A cache with the engine and nothing else: what a run keeps of its images ends with the scratch folder. */
export function makeCache(scratch: string): string {
  const cache = join(scratch, 'cache');
  mkdirSync(cache);
  symlinkSync(join(cacheDirectory(), 'native'), join(cache, 'native'));
  return cache;
}

/** Some steps of few-shot-dag on a folder, as a user runs them. */
export async function runOnFolder(
  folder: string,
  { scratch, cache }: { readonly scratch: string; readonly cache: string },
  sizePx: number,
): Promise<Omit<FolderRun, 'images' | 'time'>> {
  const recipe = join(folder, 'recipe.yaml');
  writeFileSync(recipe, recipeText(sizePx));
  const startMs = performance.now();
  const seconds = () => (performance.now() - startMs) / 1000;
  let [readS, firstStepS] = [Number.NaN, Number.NaN];
  let readingPeakMb: number | undefined;
  let peakMb: number | undefined;
  const outcome = await fsxRun(recipe, join(scratch, 'runs'), [], {
    env: { FSX_CACHE: cache },
    onEvent: (event, child) => {
      if (event.kind === 'start') {
        readS = seconds();
        readingPeakMb = peakMemoryMb(child.pid!);
      }
      if (event.kind !== 'progress') return;
      if (event.step === 1) firstStepS = seconds();
      if (event.step < STEPS) return;
      peakMb = peakMemoryMb(child.pid!);
      child.kill('SIGKILL');
    },
  });
  const waits = waitShares(runFolder(outcome)).slice(1, STEPS);
  return {
    readS,
    firstStepS,
    readingPeakMb,
    peakMb,
    waitShare: waits.reduce((sum, share) => sum + share, 0) / waits.length,
  };
}

/** Of each step, as the run tracked it. */
function waitShares(run: string): number[] {
  return readJournal(run).entries.flatMap(({ item }) =>
    item.kind === 'metrics' ? (item.metrics['train/loader_wait_share'] ?? []) : [],
  );
}

function recipeText(sizePx: number): string {
  return `
name: folder
data:
  dataset: { type: landmark-csv, root: . }
  split: { labeled: 5, validation: 0, test: 0 }
  image: { size: [${sizePx}, ${sizePx}] }
model: { backbone: { type: hrnet, preset: small } }
augmentation: { strong: [{ type: affine }, { type: gamma }, { type: noise }] }
training: { labeledBatch: 2, unlabeledBatch: 2, logEvery: 1 }
stages:
  - { name: teacher-student, ssl: { type: few-shot-dag }, steps: 1000 }
`;
}
