import { readdirSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { createRegistry, REGISTRY_MODULE } from '../../../src/composition.ts';
import type { RunEvent } from '../../../src/core/experiment/events.ts';
import { startRun } from '../../../src/core/experiment/run.ts';
import { loadRecipe } from '../../../src/core/recipe/load.ts';
import { TINY, temporaryFolder } from '../../e2e/cli.ts';

const STEPS = 240;
const EVERY = 40;

it('a run keeps no tensor and no file open from step to step, checkpoints and validation included', async () => {
  using folder = temporaryFolder();
  const overrides = [
    ...[`output=${folder.path}`, 'stages.0.steps=1', `stages.1.steps=${STEPS}`],
    ...['log', 'validate', 'checkpoint'].map((what) => `training.${what}Every=${EVERY}`),
  ];
  const loaded = await loadRecipe(TINY, { createRegistry: () => createRegistry(), overrides });
  const tensors: number[] = [];
  const files: number[] = [];
  const listener = (event: RunEvent) => {
    if (event.kind !== 'progress' || event.steps !== STEPS) return;
    tensors.push(tf.memory().numTensors);
    files.push(openFiles());
  };
  await startRun({
    ...{ loaded, recipeFile: TINY, overrides, environment: {}, listener, now: new Date(0) },
    ...{ registryModule: REGISTRY_MODULE.href, interruption: { requested: false } },
  });
  expect(tensors).toHaveLength(STEPS / EVERY);
  expect(new Set(tensors).size).toBe(1);
  // the first is taken before the first checkpoint
  expect(new Set(files.slice(1)).size).toBe(1);
});

/** Of this process; 0 where the system does not tell. */
function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}
