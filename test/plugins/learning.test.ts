import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/core/engine/engine.ts';
import { ENGINES } from '../support/engines.ts';
import { errorAfterTraining } from '../support/learning.ts';

/** A training: what is changed in test/recipes/learning.yaml. */
interface Row {
  readonly name: string;
  readonly set: readonly string[];
  /** The part of the mean shape's error that it must fall below on new phantoms; about 1.3 times what it reaches. */
  readonly below: number;
  /** Too slow for WebAssembly. */
  readonly large?: boolean;
}

/** Half of the steps supervised, the other half by a strategy. */
const then = (ssl: string) => [
  `stages=[{ name: first, ssl: { type: supervised }, steps: 60 }, { name: second, from: first, ssl: ${ssl}, steps: 60 }]`,
];
const heatmaps = ['model.head={ type: heatmap }', 'training.loss={ type: heatmap-mse }'];

const HEADS: readonly Row[] = [
  { name: 'dag', set: ['training.loss={ type: dag }'], below: 0.6 },
  { name: 'dag-fixed', set: ['model.head.type=dag-fixed'], below: 0.6 },
  { name: 'gat', set: ['model.head.type=gat'], below: 0.6 },
  { name: 'soft-argmax', set: ['model.head={ type: soft-argmax }'], below: 0.6 },
  { name: 'regression', set: ['model.head={ type: regression }'], below: 0.9 },
  { name: 'heatmap', set: heatmaps, below: 0.6 },
  { name: 'scn', set: ['model.head={ type: scn }', 'training.loss={ type: adaptive-wing }'], below: 0.6 },
];

/** Sides that 32 divides, as deep backbones need. */
const wide = ['data.image.size=[64, 64]'];

const BACKBONES: readonly Row[] = [
  { name: 'unet', set: ['model.backbone={ type: unet, width: 8, depth: 3 }'], below: 0.78 },
  {
    name: 'mobile',
    set: [...wide, 'model.backbone={ type: mobile, width: 0.25 }'],
    below: 0.78,
    large: true,
  },
  {
    name: 'hrnet',
    set: [...wide, 'model.backbone={ type: hrnet, preset: small }'],
    below: 0.78,
    large: true,
  },
  {
    name: 'resnet',
    set: [...wide, 'training.learningRate=0.001', 'model.backbone={ type: resnet, depth: 18, width: 16 }'],
    below: 0.78,
    large: true,
  },
];

const LOSSES: readonly Row[] = [
  { name: 'smooth-l1', set: ['training.loss={ type: smooth-l1 }'], below: 0.78 },
  { name: 'wing', set: ['training.loss={ type: wing }'], below: 0.87 },
  {
    name: 'laplace-nll',
    set: ['training.loss={ type: laplace-nll }', 'model.head.uncertainty=true'],
    below: 0.78,
  },
];

const STRATEGIES: readonly Row[] = [
  { name: 'few-shot-dag', set: then('{ type: few-shot-dag, sslWeight: 1 }'), below: 0.78 },
  { name: 'few-shot-dag, matched', set: then('{ type: few-shot-dag, targets: matched }'), below: 0.78 },
  { name: 'mean-teacher', set: then('{ type: mean-teacher }'), below: 0.78 },
  { name: 'pi-model', set: then('{ type: pi-model }'), below: 0.78 },
  { name: 'temporal-ensembling', set: then('{ type: temporal-ensembling }'), below: 0.78 },
  { name: 'pseudo-label', set: then('{ type: pseudo-label }'), below: 0.87 },
  { name: 'stac', set: then('{ type: stac }'), below: 0.78 },
  { name: 'elt', set: then('{ type: elt }'), below: 0.78 },
  { name: 'label-sharpening', set: [...heatmaps, ...then('{ type: label-sharpening }')], below: 0.78 },
  {
    name: 'dense-contrastive',
    set: [
      'stages=[{ name: first, ssl: { type: dense-contrastive, grid: 6 }, steps: 60 }, { name: second, from: first, ssl: { type: supervised }, steps: 120 }]',
    ],
    below: 0.78,
  },
];

const PHANTOMS: readonly Row[] = [
  {
    name: 'hand-phantom',
    set: ['data.dataset={ type: hand-phantom, samples: 96, size: 64, noise: 0.5 }'],
    below: 0.6,
  },
  {
    name: 'pelvis-phantom',
    set: ['data.dataset={ type: pelvis-phantom, samples: 96, size: 64, noise: 0.5 }'],
    below: 0.8,
  },
];

describe.each(ENGINES)('on %s, trained for seconds', (name, open) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  }, 60_000);

  describe.each([
    ['the head', HEADS],
    ['the backbone', BACKBONES],
    ['the loss', LOSSES],
    ['the strategy', STRATEGIES],
    ['on the dataset', PHANTOMS],
  ])('%s', (_kind, rows) => {
    const fitting = rows.filter(({ large = false }) => name === 'native' || !large);
    it.each(fitting)('$name finds landmarks in phantoms that it has not seen', async ({ set, below }) => {
      expect(await errorAfterTraining(engine, set)).toBeLessThan(below);
    });
  });
});
