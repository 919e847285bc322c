import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readCheckpoint } from '../../src/core/training/checkpoint.ts';
import { eventsOf, fsx, fsxRun, ROOT, runFolder, temporaryFolder } from './cli.ts';

const RECIPE = join(ROOT, 'recipes/custom-plugins.yaml');
const SMALL = [
  'data.dataset={ type: chest-phantom, samples: 16, size: 96 }',
  'data.split={ labeled: 4, unlabeled: rest, validation: 2, test: 4 }',
  'data.image={ size: [64, 64], oversample: 1 }',
  'model.backbone={ type: pyramid, width: 6, levels: 3, channels: 8 }',
  'model.head={ type: dag, hidden: 16, blocks: 1, localSteps: 2 }',
  'training.labeledBatch=2',
  'training.unlabeledBatch=2',
  'training.logEvery=1',
  'stages.0.steps=30',
  'stages.1.steps=3',
].flatMap((value) => ['--set', value]);

test('the example recipe with a backbone and a loss of its own is valid as it stands', async () => {
  expect(await fsx(['validate', RECIPE])).toMatchObject({ code: 0, stderr: '' });
});

test.each(['auto', 'wasm'])(
  "a user's backbone and loss, TypeScript without a build step, train in both stages on %s",
  async (engine) => {
    using folder = temporaryFolder();
    const outcome = await fsxRun(RECIPE, folder.path, [...SMALL, '--engine', engine]);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    const progress = eventsOf(outcome.events, 'progress');
    expect(new Set(progress.map(({ stage }) => stage)).size).toBe(2);
    const losses = progress
      .filter(({ stage }) => stage === 'supervised')
      .map(({ metrics }) => metrics['loss.log_cosh']!);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses.slice(-8))).toBeLessThan(mean(losses.slice(0, 8)));
    const { tensors } = await readCheckpoint(join(runFolder(outcome), 'checkpoints/last.safetensors'));
    expect([...tensors.keys()]).toContain('student.backbone.levels.2.around.conv.kernel');
  },
);
