import { expect, test } from 'vitest';
import { shortLabels, trialNames } from '../../../src/core/sweep/names.ts';

test('a trial is named only by what it differs in, by the shortest end of the path', () => {
  const common = { 'training.clipNorm': 1 };
  const names = trialNames([
    { ...common, 'training.learningRate': 0.001, 'model.backbone': { type: 'hrnet', width: 8 }, seed: 1 },
    { ...common, 'training.learningRate': 0.01, 'model.backbone': { type: 'tiny' }, seed: 1 },
  ]);
  expect(names[0]).toMatch(/^learningRate-0\.001\.backbone-hrnet-[0-9a-f]{4}$/);
  expect(names[1]).toBe('learningRate-0.01.backbone-tiny');
});

test('paths with the same end are told apart', () => {
  const labels = shortLabels(['stages.first.steps', 'stages.second.steps', 'steps', 'training.clipNorm']);
  expect([...labels.values()]).toEqual(['first.steps', 'second.steps', 'steps', 'clipNorm']);
});

test('a name fits into a file name whatever the value', () => {
  const [name] = trialNames([{ a: `../${'x'.repeat(300)} y` }, { a: 1 }]);
  expect(name).toMatch(/^a-[A-Za-z0-9._-]{1,118}$/);
});
