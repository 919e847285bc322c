import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createRegistry, REGISTRY_MODULE } from '../../../src/composition.ts';
import { dryRun } from '../../../src/core/experiment/dry-run.ts';
import type { RunEvent } from '../../../src/core/experiment/events.ts';
import { startRun } from '../../../src/core/experiment/run.ts';
import { loadRecipe } from '../../../src/core/recipe/load.ts';
import { readCheckpoint } from '../../../src/core/training/checkpoint.ts';
import { timmResnetShapes } from '../../plugins/backbones/timm-names.ts';
import { formulaTensors, ones, writeTensors } from '../../plugins/backbones/timm-network.ts';

/** One step that moves nothing by more than float32 shows. */
const RECIPE = `
name: pretrained
engine: wasm
data:
  dataset: { type: chest-phantom, samples: 8, size: 96 }
  split: { labeled: 4, unlabeled: 0, validation: 0, test: 0 }
  image: { size: [32, 64], oversample: 1 }
model:
  backbone: { type: resnet, width: 4, channels: 8 }
  head: { type: dag, hidden: 8, blocks: 1, localSteps: 1 }
  weights: nets/resnet18.safetensors
training: { learningRate: 1.0e-9, labeledBatch: 2 }
stages:
  - { name: supervised, ssl: { type: supervised }, steps: 1 }
`;

const folder = mkdtempSync(join(tmpdir(), 'fsx-first-weights-'));
const weightsFile = join(folder, 'nets', 'resnet18.safetensors');
mkdirSync(join(folder, 'nets'));
writeFileSync(join(folder, 'recipe.yaml'), RECIPE);
afterAll(() => rmSync(folder, { recursive: true }));

describe('a recipe that names published weights', () => {
  const tensors = formulaTensors(timmResnetShapes(18, 4));

  it('starts the backbone from them, and tells what stays as drawn and what the file has besides', async () => {
    writeTensors(weightsFile, [...tensors, ones('fc.bias', [1000]), ones('neck.weight', [2])]);
    const events: RunEvent[] = [];
    const { directory } = await startRun(await request(events));
    const { tensors: trained } = await readCheckpoint(directory.checkpoint('last'));
    const bias = trained.get('student.backbone.layer4.1.bn2.offset')!.values;
    const published = tensors.find(({ name }) => name === 'layer4.1.bn2.bias')!.values;
    for (const [i, value] of bias.entries()) expect(value).toBeCloseTo(published[i]!, 6);
    const notices = events.flatMap((event) => (event.kind === 'notice' ? [event.message] : []));
    expect(notices[0]).toMatch(
      /^weights: the backbone's from resnet18\.safetensors.*fresh: decoder\.laterals\.0/,
    );
    expect(notices[1]).toMatch(/more than the backbone takes: neck\.weight$/);
  });

  it('is refused before it trains when they are those of another network, with the names', async () => {
    writeTensors(weightsFile, formulaTensors(timmResnetShapes(50, 4)));
    await expect(dryRun(await request([]))).rejects.toMatchObject({
      code: 'FSX_WEIGHTS_MISMATCH',
      exitCode: 7,
      message: expect.stringMatching(
        /of another shape: layer1\.0\.conv1\.weight \[1,1,4,4\], not \[3,3,4,4\]/,
      ),
    });
  });

  it('is refused when the file is not there, with the place where it was looked for', async () => {
    rmSync(weightsFile);
    await expect(dryRun(await request([]))).rejects.toMatchObject({
      code: 'FSX_WEIGHTS_UNREADABLE',
      message: expect.stringContaining(weightsFile),
    });
  });
});

async function request(events: RunEvent[]) {
  const recipeFile = join(folder, 'recipe.yaml');
  const overrides = [`output=${join(folder, 'runs')}`];
  return {
    loaded: await loadRecipe(recipeFile, { createRegistry: () => createRegistry(), overrides }),
    ...{ recipeFile, overrides, environment: {}, now: new Date() },
    registryModule: REGISTRY_MODULE.href,
    listener: (event: RunEvent) => void events.push(event),
    interruption: { requested: false },
  };
}
