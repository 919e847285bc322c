import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRegistry } from '../../../src/composition.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { forwardPass, unflatten } from '../../../src/core/nn/forward.ts';
import { initialParameters, initialStatistics } from '../../../src/core/nn/landmark-model.ts';
import { ParameterLayout, ParameterScope } from '../../../src/core/nn/parameters.ts';
import type { PluginReference } from '../../../src/core/plugins/definition.ts';
import { problemsOf, VALID } from '../../core/recipe/fixture.ts';
import { tinyTraining, train } from '../../core/training/tiny-training.ts';
import { ENGINES } from '../../support/engines.ts';
import { slopeError, type TestInput } from '../../support/finite-differences.ts';
import { formula } from '../../support/formula.ts';

const registry = await createRegistry();

/** Narrow ones, and what they say of their feature map: `[reference, stride, divisor, channels]`. */
const BACKBONES: readonly (readonly [string, PluginReference, number, number, number])[] = [
  ['hrnet, small', { type: 'hrnet', preset: 'small', width: 3, stemWidth: 4, channels: 5 }, 4, 32, 5],
  ['unet', { type: 'unet', depth: 3, width: 3, channels: 5 }, 4, 8, 5],
  ['unet at full resolution', { type: 'unet', depth: 2, width: 3, stride: 1, channels: 5 }, 1, 4, 5],
  ['unet without a way up', { type: 'unet', depth: 2, width: 3, channels: 5 }, 4, 4, 5],
  ['resnet of basic blocks', { type: 'resnet', depth: 18, width: 3, channels: 5 }, 4, 32, 5],
  ['resnet of bottlenecks', { type: 'resnet', depth: 50, width: 2, channels: 5 }, 4, 32, 5],
  ['mobile', { type: 'mobile', width: 0.1, expansion: 2, channels: 5 }, 4, 32, 5],
];

/** Of float32 networks of up to fifty layers; a wrong layer is off by far more. */
const FINITE_DIFFERENCES = 1e-2;

describe.each(ENGINES)('on %s', (_name, open) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  }, 60_000);

  it.each(BACKBONES)(
    '%s gives the feature map that it promises',
    (_label, reference, stride, divisor, channels) => {
      const { backbone, infer } = declared(reference);
      expect(backbone).toMatchObject({ stride, divisor, channels });
      const [height, width] = [2 * divisor, 3 * divisor];
      tf.tidy(() => {
        const maps = infer(tf.ones([2, height, width, 1]));
        expect(maps.shape).toEqual([2, height / stride, width / stride, channels]);
        expect(maps.dataSync().every(Number.isFinite)).toBe(true);
      });
    },
  );

  it.each(BACKBONES)('%s learns by the right gradient', (_label, reference) => {
    const { backbone, layout } = declared(reference);
    const size = 2 * backbone.divisor;
    const forward = (images: tf.Tensor, ...blocks: tf.Tensor[]) =>
      backbone.forward(images as tf.Tensor4D, forwardPass(layout, blocks, [], new Map()));
    const inputs = [input('images', [3, size, size, 1], -1, 1), ...layout.parameters.map(smoothBlock)];
    expect(slopeError(forward, inputs, { step: 1e-3 })).toBeLessThan(FINITE_DIFFERENCES);
  });

  it.each(BACKBONES)('%s trains compiled, and leaves no tensor behind', async (_label, backbone) => {
    const training = await tinyTraining({ backbone });
    const { losses, counts } = await train(engine.compile('tiny', training.run), training);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(new Set(counts).size).toBe(1);
  });
});

describe('an image size that does not halve as often as it must is refused', () => {
  it.each(BACKBONES)('by %s', async (_label, backbone, _stride, divisor) => {
    const text = VALID.replace('{ type: tiny }', JSON.stringify(backbone));
    const size = (width: number) => text.replace('[64, 64]', `[96, ${width}]`);
    expect(await problemsOf({ 'recipe.yaml': size(96) })).toEqual([]);
    const problems = await problemsOf({ 'recipe.yaml': size(96 + divisor / 2) });
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining(`needs an image width that ${divisor} divides`),
    ]);
  });
});

describe('sizes of the published networks', () => {
  it('unet: 28 251 328 parameters in 3x3 convolutions and norms for colour, as in milesial/Pytorch-UNet', () => {
    // Of its 31 037 698 (two classes), 2 786 240 are up-convolutions and 130 the last layer.
    const reference = { type: 'unet', depth: 4, width: 64, stride: 1 };
    expect(parameterCount(reference, 3, /projection|halve/)).toBe(31_037_698 - 2_786_240 - 130);
  });

  it('mobile: 1 811 712 parameters for colour before the last convolution, as in torchvision', () => {
    // Of its 3 504 872, 412 160 are the convolution to 1280 channels and 1 281 000 the classifier.
    const reference = { type: 'mobile', width: 1, expansion: 6 };
    expect(parameterCount(reference, 3, /decoder/)).toBe(3_504_872 - 412_160 - 1_281_000);
  });
});

function declared(reference: PluginReference, inputChannels = 1) {
  const layout = new ParameterLayout();
  const scope = new ParameterScope(layout, 'backbone');
  const backbone = registry.create('backbone', reference, { scope, inputChannels });
  const infer = (images: tf.Tensor4D) => {
    const parameters = unflatten(tf.tensor1d(initialParameters(layout, 3)), layout.parameters);
    const statistics = unflatten(tf.tensor1d(initialStatistics(layout)), layout.statistics);
    return backbone.forward(images, forwardPass(layout, parameters, statistics));
  };
  return { layout, backbone, infer };
}

function parameterCount(reference: PluginReference, inputChannels: number, without: RegExp): number {
  const { layout } = declared(reference, inputChannels);
  const counted = layout.parameters.filter(({ name }) => !without.test(name));
  return counted.reduce((total, { size }) => total + size, 0);
}

/** Norms put out positive numbers, so that a step crosses no ReLU: there slopes and differences part. */
function smoothBlock({ name, shape }: { name: string; shape: readonly number[] }): TestInput {
  if (name.endsWith('scale')) return input(name, shape, 0.3, 0.6);
  if (name.endsWith('offset')) return input(name, shape, 3, 4);
  return input(name, shape, -1, 1);
}

function input(name: string, shape: readonly number[], low: number, high: number): TestInput {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { values: formula(name, size).map((u) => low + (high - low) * u), shape };
}
