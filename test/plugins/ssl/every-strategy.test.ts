import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { tinyTraining, train } from '../../core/training/tiny-training.ts';
import { ENGINES } from '../../support/engines.ts';

const LANDMARKS = {};
const HEATMAPS = { head: { type: 'dot' }, supervised: { type: 'dot' } };

/** What each strategy is to train. */
const STRATEGIES = [
  { type: 'supervised', heads: [LANDMARKS, HEATMAPS] },
  { type: 'few-shot-dag', heads: [LANDMARKS, HEATMAPS] },
  { type: 'few-shot-dag', targets: 'matched', heads: [LANDMARKS, HEATMAPS] },
  { type: 'few-shot-dag', teacherViews: 2, heads: [LANDMARKS, HEATMAPS] },
  {
    type: 'few-shot-dag',
    featureLoss: { type: 'js-divergence', over: 'channels', at: 'landmarks', normalise: 'unit' },
    heads: [LANDMARKS, HEATMAPS],
  },
  { type: 'mean-teacher', heads: [LANDMARKS, HEATMAPS] },
  { type: 'pi-model', heads: [LANDMARKS, HEATMAPS] },
  { type: 'temporal-ensembling', heads: [LANDMARKS, HEATMAPS] },
  { type: 'pseudo-label', views: 2, heads: [LANDMARKS, HEATMAPS] },
  { type: 'stac', views: 2, heads: [LANDMARKS, HEATMAPS] },
  { type: 'elt', heads: [LANDMARKS] },
  { type: 'label-sharpening', heads: [HEATMAPS] },
  { type: 'dense-contrastive', grid: 4, heads: [LANDMARKS, HEATMAPS] },
];

describe.each(ENGINES)('on %s', (_name, open) => {
  let engine: Engine;
  const warnings: unknown[] = [];
  const { emitWarning } = process;
  beforeAll(async () => {
    engine = await open();
    process.emitWarning = ((warning: unknown) => warnings.push(warning)) as typeof emitWarning;
  }, 60_000);
  afterAll(() => {
    process.emitWarning = emitWarning;
  });

  const cases = STRATEGIES.flatMap(({ heads, ...ssl }) => heads.map((parts) => ({ ssl, parts })));
  it.each(cases)(
    '$ssl with $parts trains as one compiled step, loses a finite amount and leaves no tensor behind',
    async ({ ssl, parts }) => {
      const training = await tinyTraining({ ssl, ...parts });
      const { losses, counts, end } = await train(engine.compile(ssl.type, training.run), training);
      expect(losses.every(Number.isFinite)).toBe(true);
      expect(new Set(counts).size).toBe(1);
      expect(end['student.parameters']).not.toEqual(training.start['student.parameters']);
      expect(warnings).toEqual([]);
    },
    30_000,
  );
});
