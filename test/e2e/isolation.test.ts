import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { fsxRun, readJson, runFolder, temporaryFolder, tensorsOf } from './cli.ts';

const IMAGE_PX = 64;
const USES = { labeled: 4, unlabeled: 6, validation: 2, test: 4 };
const COUNT = Object.values(USES).reduce((sum, count) => sum + count, 0);
const RECIPE = `
name: isolation
data:
  dataset: { type: landmark-csv, root: data, images: images, landmarks: landmarks.csv }
  split: { labeled: 4, unlabeled: rest, validation: 2, test: 4 }
  image: { size: [64, 64], oversample: 1 }
model: { backbone: { type: tiny }, head: { type: dag, hidden: 16, blocks: 1, localSteps: 2 } }
augmentation: { strong: [{ type: affine }, { type: noise }] }
training: { labeledBatch: 2, unlabeledBatch: 2, validateEvery: 100 }
stages:
  - { name: supervised, ssl: { type: supervised }, steps: 10 }
  - { name: teacher-student, from: supervised, ssl: { type: few-shot-dag }, steps: 10 }
evaluation: { bootstrapSamples: 20, overlays: 0 }
`;

interface Film {
  readonly pixels: Buffer;
  readonly landmarks: readonly (readonly [number, number])[];
}

/** Noise with two landmarks somewhere: enough to see whether a number of it reaches the weights. */
function drawFilm(seed: number): Film {
  const random = new Random(seed);
  const point = () => [random.uniform(8, 56), random.uniform(8, 56)] as const;
  return {
    pixels: Buffer.from(Array.from({ length: IMAGE_PX ** 2 }, () => Math.floor(random.uniform(0, 256)))),
    landmarks: [point(), point()],
  };
}

async function writeDataset(root: string, films: ReadonlyMap<string, Film>): Promise<void> {
  mkdirSync(join(root, 'images'), { recursive: true });
  const rows = ['image,landmark,x,y'];
  for (const [id, { pixels, landmarks }] of films) {
    const raw = { width: IMAGE_PX, height: IMAGE_PX, channels: 1 } as const;
    await sharp(pixels, { raw })
      .png()
      .toFile(join(root, 'images', id));
    for (const [index, [x, y]] of landmarks.entries()) rows.push(`${id},${index},${x},${y}`);
  }
  writeFileSync(join(root, 'landmarks.csv'), `${rows.join('\n')}\n`);
}

test('neither the test and validation images nor the labels of unlabeled images reach the weights', async () => {
  using folder = temporaryFolder();
  const recipe = join(folder.path, 'recipe.yaml');
  writeFileSync(recipe, RECIPE);
  const films = new Map(Array.from({ length: COUNT }, (_, i) => [`film-${i}.png`, drawFilm(i)]));
  await writeDataset(join(folder.path, 'data'), films);
  const first = await fsxRun(recipe, join(folder.path, 'first'));
  expect(first).toMatchObject({ code: 0, stderr: '' });
  const split = readJson(runFolder(first), 'split.json') as Record<keyof typeof USES, string[]>;

  for (const [index, id] of [...split.test, ...split.validation].entries()) {
    films.set(id, drawFilm(1_000 + index));
  }
  for (const id of split.unlabeled)
    films.set(id, { ...films.get(id)!, landmarks: drawFilm(2_000).landmarks });
  await writeDataset(join(folder.path, 'data'), films);
  const second = await fsxRun(recipe, join(folder.path, 'second'));
  expect(readFileSync(join(runFolder(second), 'split.json'))).toEqual(
    readFileSync(join(runFolder(first), 'split.json')),
  );
  expect(await tensorsOf(runFolder(second))).toEqual(await tensorsOf(runFolder(first)));
  expect(readJson(runFolder(second), 'metrics.json')).not.toEqual(readJson(runFolder(first), 'metrics.json'));

  films.set(split.labeled[0]!, drawFilm(3_000));
  await writeDataset(join(folder.path, 'data'), films);
  const third = await fsxRun(recipe, join(folder.path, 'third'));
  expect(await tensorsOf(runFolder(third)), 'a labeled image does').not.toEqual(
    await tensorsOf(runFolder(first)),
  );
});
