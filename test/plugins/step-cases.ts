import { expect } from 'vitest';
import { createRegistry } from '../../src/composition.ts';
import type { TensorFunction } from '../../src/core/engine/engine.ts';
import type { PluginReference } from '../../src/core/plugins/definition.ts';
import { Random } from '../../src/core/random.ts';
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

/** Losses that no head above is tried with. */
const LOSSES: readonly Parts[] = [
  { supervised: { type: 'global-margin' } },
  {
    head: { type: 'dag', hidden: 8, blocks: 1, localSteps: 2, uncertainty: true },
    supervised: { type: 'laplace-nll' },
  },
];

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

/** Every built-in backbone, head, loss and strategy, small. */
export const STEP_CASES: readonly (readonly [string, Parts])[] = [
  ...BACKBONES.map((backbone) => [`backbone ${labelOf(backbone)}`, { backbone }] as const),
  ...HEADS.map(([head, loss]) => [`head ${head.type}`, { head, supervised: { type: loss } }] as const),
  ...LOSSES.map((parts) => [`loss ${parts.supervised!.type}`, parts] as const),
  ...STRATEGIES.map(
    (ssl) => [`strategy ${labelOf(ssl)}`, { ssl, ...(ssl.type === 'label-sharpening' && HEATMAPS) }] as const,
  ),
];

/** Built-in plugins of these kinds that no case tries. */
export async function untriedPlugins(): Promise<string[]> {
  const tried = [
    ...BACKBONES,
    ...HEADS.flatMap(([head, loss]) => [head, { type: loss }]),
    ...LOSSES.map(({ supervised }) => supervised!),
    ...STRATEGIES,
    { type: 'js-divergence' }, // of few-shot-dag
  ].map(({ type }) => type);
  const builtIn = (await createRegistry())
    .all()
    .filter(({ kind }) => ['backbone', 'graph-head', 'loss', 'ssl'].includes(kind));
  return builtIn.map(({ type }) => type).filter((type) => !tried.includes(type));
}

/** The gradient of a deep network turns with the last digit of its weights: what is more than that is wrong. */
const PERTURBATION = 2e-7;
const OF_PERTURBED = 10;
const SMALLEST = 1e-5;
/** Beyond this the comparison would say nothing. */
const WELL_CONDITIONED = 1e-2;

interface FirstStep {
  readonly loss: number;
  readonly gradient: Float32Array;
}

/** Makes a step ready to run where it is to be run. */
type Way = (run: TensorFunction) => Promise<TensorFunction>;

/** The first step of a training gives the same loss and gradient in two ways, as far as the gradient is determined. */
export async function expectSameStep(parts: Parts, reference: Way, tested: Way): Promise<void> {
  const training = await tinyTraining(parts);
  dampResiduals(training);
  const known = await reference(training.run);
  const expected = await firstStep(known, training);
  const perturbed = await firstStep(known, { ...training, start: perturb(training.start) });
  const actual = await firstStep(await tested(training.run), training);
  const floor = difference(perturbed.gradient, expected.gradient);
  expect(floor).toBeLessThan(WELL_CONDITIONED);
  expect(Math.abs(actual.loss / expected.loss - 1)).toBeLessThan(SMALLEST);
  expect(difference(actual.gradient, expected.gradient)).toBeLessThan(
    Math.max(SMALLEST, OF_PERTURBED * floor),
  );
}

function labelOf({ type, ...options }: PluginReference): string {
  return [type, ...Object.values(options).filter((option) => option === 'matched' || option === 50)].join(
    ' ',
  );
}

/** The loss, and Adam's mean gradient, which after one step is a multiple of the gradient. */
async function firstStep(run: TensorFunction, training: TinyTraining): Promise<FirstStep> {
  const { losses, end } = await train(run, training, { to: 1 });
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
