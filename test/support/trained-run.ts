import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { createRegistry, REGISTRY_MODULE } from '../../src/composition.ts';
import { startRun } from '../../src/core/experiment/run.ts';
import { loadRecipe } from '../../src/core/recipe/load.ts';
import { chestPhantom } from '../../src/plugins/datasets/chest-phantom.ts';

/** The frame is not square, so that a width taken for a height is seen; at 0.6 two validation images give a radius. */
const RECIPE = `
name: tiny
engine: wasm
data:
  dataset: { type: chest-phantom, samples: 16, size: 96 }
  split: { labeled: 4, unlabeled: rest, validation: 2, test: 4 }
  image: { size: [48, 64], oversample: 1 }
model:
  backbone: { type: tiny, width: 4, channels: 8 }
  head: { type: dag, hidden: 8, blocks: 1, localSteps: 1 }
training: { labeledBatch: 2, unlabeledBatch: 2, validateEvery: 4 }
stages:
  - { name: supervised, ssl: { type: supervised }, steps: 4 }
  - { name: teacher-student, from: supervised, ssl: { type: few-shot-dag }, steps: 4 }
evaluation: { bootstrapSamples: 50, overlays: 2, conformalLevel: 0.6 }
`;

/**
 * Trains a tiny model for a few steps; the recipe is `recipe.yaml` in the folder.
 * @param changes as `--set` takes them.
 * @returns the run's folder.
 */
export async function trainTinyRun(root: string, ...changes: string[]): Promise<string> {
  const recipe = join(root, 'recipe.yaml');
  const runs = join(root, 'runs');
  await writeFile(recipe, RECIPE);
  const settings = { createRegistry: () => createRegistry(), overrides: [`output=${runs}`, ...changes] };
  const { directory } = await startRun({
    loaded: await loadRecipe(recipe, settings),
    recipeFile: recipe,
    overrides: settings.overrides,
    registryModule: REGISTRY_MODULE.href,
    environment: {},
    listener: () => undefined,
    interruption: { requested: false },
    now: new Date(),
  });
  return directory.path;
}

/**
 * Writes three radiographs, wider than high, with landmarks and without a pixel spacing: `films/images`,
 * `films/landmarks.csv`, and a recipe `films.yaml` that tests on all of them.
 * @returns the files of the images.
 */
export async function writeFilms(root: string): Promise<string[]> {
  const options = {
    samples: 3,
    size: 96,
    seed: 5,
    shapeVariation: 1,
    poseVariation: 1,
    exposureVariation: 1,
  };
  const dataset = await chestPhantom.create(
    { ...options, noise: 1, markings: true },
    { baseDirectory: root },
  );
  const folder = join(root, 'films', 'images');
  await mkdir(folder, { recursive: true });
  const rows = ['image,landmark,x,y'];
  const files: string[] = [];
  for (const sample of dataset.samples) {
    const { width, height, pixels } = await dataset.read(sample);
    const grey = Uint8Array.from(pixels, (value) => 255 * value);
    const file = join(folder, `${sample.id}.png`);
    await sharp(grey, { raw: { width, height, channels: 1 } })
      .extend({ right: 16 })
      .toFile(file);
    files.push(file);
    sample.landmarks.forEach((point, landmark) => {
      rows.push([`${sample.id}.png`, dataset.landmarkNames[landmark], ...point!].join());
    });
  }
  await writeFile(join(root, 'films', 'landmarks.csv'), rows.join('\n'));
  await writeFile(join(root, 'films.yaml'), FILMS_RECIPE);
  return files;
}

const FILMS_RECIPE = `
name: films
extends: recipe.yaml
data:
  dataset: { type: landmark-csv, root: films }
  split: { labeled: 5, validation: 16, test: 3 }
`;
