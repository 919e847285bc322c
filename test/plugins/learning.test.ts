import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/core/engine/engine.ts';
import { ENGINES } from '../support/engines.ts';
import { errorAfterTraining } from '../support/learning.ts';

/**
 * What is changed in test/recipes/learning.yaml, and the part of the mean shape's error that it must fall below on new
 * phantoms; about 1.3 times what it reaches.
 */
const TABLE: readonly { readonly name: string; readonly set: readonly string[]; readonly below: number }[] = [
  { name: 'dag', set: ['training.loss={ type: dag }'], below: 0.6 },
  { name: 'dag-fixed', set: ['model.head.type=dag-fixed'], below: 0.6 },
  { name: 'gat', set: ['model.head.type=gat'], below: 0.6 },
  { name: 'soft-argmax', set: ['model.head={ type: soft-argmax }'], below: 0.6 },
  { name: 'regression', set: ['model.head={ type: regression }'], below: 0.9 },
  {
    name: 'heatmap',
    set: ['model.head={ type: heatmap }', 'training.loss={ type: heatmap-mse }'],
    below: 0.6,
  },
  { name: 'scn', set: ['model.head={ type: scn }', 'training.loss={ type: adaptive-wing }'], below: 0.6 },
];

describe.each(ENGINES)('on %s, trained for seconds', (_name, open) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  }, 60_000);

  it.each(TABLE)('$name finds landmarks of phantoms that it has not seen', async ({ set, below }) => {
    expect(await errorAfterTraining(engine, set)).toBeLessThan(below);
  });
});
