import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRegistry } from '../../src/composition.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import type { PluginReference } from '../../src/core/plugins/definition.ts';
import { Random } from '../../src/core/random.ts';
import { nativeIsMissing, openTestNative } from '../core/engine/native/open-native.ts';
import { type TinyTraining, tinyTraining, train } from '../core/training/tiny-training.ts';

type Parts = NonNullable<Parameters<typeof tinyTraining>[0]>;

const BACKBONES: readonly PluginReference[] = [
  { type: 'hrnet', preset: 'small', width: 3, stemWidth: 4, channels: 5 },
  { type: 'unet', depth: 3, width: 3, channels: 5 },
  { type: 'resnet', depth: 18, width: 3, channels: 5 },
  { type: 'resnet', depth: 50, width: 2, channels: 5 },
  { type: 'mobile', width: 0.1, expansion: 2, channels: 5 },
  { type: 'tiny', width: 4, channels: 6 },
];

const HEADS: readonly (readonly [PluginReference, loss: string])[] = [
  [{ type: 'dag', hidden: 8, blocks: 1, localSteps: 2 }, 'dag'],
  [{ type: 'dag-fixed', hidden: 8, blocks: 1, localSteps: 2 }, 'l1'],
  [{ type: 'gat', hidden: 8, blocks: 1, localSteps: 2, attentionHeads: 2 }, 'wing'],
  [{ type: 'soft-argmax', hidden: 5 }, 'l1'],
  [{ type: 'regression', hidden: 8 }, 'smooth-l1'],
  [{ type: 'heatmap', hidden: 5 }, 'heatmap-mse'],
  [{ type: 'scn', hidden: 5, configurationChannels: 4 }, 'adaptive-wing'],
];

const HEATMAPS = { head: { type: 'heatmap', hidden: 5 }, supervised: { type: 'heatmap-mse' } };

const STRATEGIES: readonly PluginReference[] = [
  { type: 'supervised' },
  { type: 'few-shot-dag' },
  { type: 'few-shot-dag', targets: 'matched' },
  { type: 'mean-teacher' },
  { type: 'pi-model' },
  { type: 'temporal-ensembling' },
  { type: 'pseudo-label', views: 2 },
  { type: 'stac', views: 2 },
  { type: 'elt' },
  { type: 'label-sharpening' },
  { type: 'dense-contrastive', grid: 4 },
];

const CASES: readonly (readonly [string, Parts])[] = [
  ...BACKBONES.map((backbone) => [`backbone ${labelOf(backbone)}`, { backbone }] as const),
  ...HEADS.map(([head, loss]) => [`head ${head.type}`, { head, supervised: { type: loss } }] as const),
  ...STRATEGIES.map(
    (ssl) => [`strategy ${labelOf(ssl)}`, { ssl, ...(ssl.type === 'label-sharpening' && HEATMAPS) }] as const,
  ),
];

/** The gradient of a deep network turns with the last digit of its weights: what is more than that is a wrong graph. */
const PERTURBATION = 2e-7;
const OF_PERTURBED = 10;
const SMALLEST = 1e-5;
/** Beyond this the comparison would say nothing. */
const WELL_CONDITIONED = 1e-2;

describe.skipIf(nativeIsMissing)('one step as a graph and eagerly', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openTestNative();
  });

  it('is tried with every built-in backbone, head and strategy', async () => {
    const builtIn = (await createRegistry())
      .all()
      .filter(({ kind }) => ['backbone', 'graph-head', 'ssl'].includes(kind));
    const tried = [...BACKBONES, ...HEADS.map(([head]) => head), ...STRATEGIES].map(({ type }) => type);
    expect(builtIn.map(({ type }) => type).filter((type) => !tried.includes(type))).toEqual([]);
  });

  it.each(CASES)(
    '%s: the same loss and gradient',
    async (_label, parts) => {
      const training = await tinyTraining(parts);
      dampResiduals(training);
      const eager = (inputs: tf.NamedTensorMap) => tf.tidy(() => training.run(inputs));
      const reference = firstStep(eager, training);
      const graph = firstStep(engine.compile('step', training.run), training);
      const perturbed = firstStep(eager, { ...training, start: perturb(training.start) });
      const floor = difference(perturbed.gradient, reference.gradient);
      expect(floor).toBeLessThan(WELL_CONDITIONED);
      expect(Math.abs(graph.loss / reference.loss - 1)).toBeLessThan(SMALLEST);
      expect(difference(graph.gradient, reference.gradient)).toBeLessThan(
        Math.max(SMALLEST, OF_PERTURBED * floor),
      );
    },
    60_000,
  );
});

function labelOf({ type, ...options }: PluginReference): string {
  return [type, ...Object.values(options).filter((option) => option === 'matched' || option === 50)].join(
    ' ',
  );
}

/** The loss, and Adam's mean gradient, which after one step is a multiple of the gradient. */
function firstStep(run: Parameters<typeof train>[0], training: TinyTraining) {
  const { losses, end } = train(run, training, { to: 1 });
  return { loss: losses[0]!, gradient: end['optimizer.first']! };
}

/** Makes the ends of residual blocks small, as training starts them in deep networks: gradients are then well conditioned. */
function dampResiduals({ model, start }: TinyTraining): void {
  for (const { name, offset, size } of model.layout.parameters) {
    if (!/\.(bn[23]|narrow\.norm)\.scale$/.test(name)) continue;
    for (const vector of ['student.parameters', 'teacher.parameters']) {
      start[vector]!.subarray(offset, offset + size).fill(0.1);
    }
  }
}

function perturb(start: TinyTraining['start']): TinyTraining['start'] {
  const random = new Random('perturbation');
  const parameters = start['student.parameters']!.map(
    (value) => value * (1 + PERTURBATION * random.normal(0, 1)),
  );
  return { ...start, 'student.parameters': parameters };
}

/** Of the second, in parts of its length. */
function difference(a: Float32Array, b: Float32Array): number {
  const apart = a.map((value, i) => value - b[i]!);
  return Math.hypot(...apart) / Math.hypot(...b);
}
