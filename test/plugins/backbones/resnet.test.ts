import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forwardPass, unflatten } from '../../../src/core/nn/forward.ts';
import { ParameterLayout, ParameterScope } from '../../../src/core/nn/parameters.ts';
import { readTimmWeights } from '../../../src/core/nn/timm-weights.ts';
import { PUBLISHED_RESNET, resnet, resnetStages } from '../../../src/plugins/backbones/resnet.ts';
import expected from '../../fixtures/resnet/expected.json' with { type: 'json' };
import { ENGINES } from '../../support/engines.ts';
import { timmResnetShapes } from './timm-names.ts';
import { formulaTensors, namesDigest, ones, TimmNetwork, writeTensors } from './timm-network.ts';

const DEPTHS = [18, 34, 50] as const;

const folder = mkdtempSync(join(tmpdir(), 'fsx-resnet-'));
const fileOf = (depth: number) => join(folder, `resnet${depth}.safetensors`);
afterAll(() => rmSync(folder, { recursive: true }));

const networkOf = (depth: (typeof DEPTHS)[number]) =>
  new TimmNetwork((context) => resnetStages({ depth, width: 64 }, context));

describe('published weights', () => {
  it.each(DEPTHS)('of resnet%d carry the names and shapes that timm gives them', (depth) => {
    expect(namesDigest(timmResnetShapes(depth))).toBe(expected.names[`${depth}`]);
  });

  it.each(DEPTHS)('of resnet%d fill the whole network, and the classifier is left aside', async (depth) => {
    const network = networkOf(depth);
    expect(network.layout.parameterCount).toBe(expected.parameters[`${depth}`]);
    const tensors = [...timmResnetShapes(depth)].map(([name, shape]) => ones(name, shape));
    writeTensors(fileOf(depth), [...tensors, ones('fc.bias', [1000]), ones('bn1.num_batches_tracked', [])]);
    const match = await readTimmWeights(fileOf(depth), { ...network, published: PUBLISHED_RESNET });
    expect(match).toEqual({ fresh: [], unexpected: [] });
    expect(network.parameters.every((value) => value === 1)).toBe(true);
    expect(network.statistics.every((value) => value === 1)).toBe(true);
  });
});

describe.each(ENGINES)('ResNet on %s computes what timm computes', (_name, open) => {
  const [resnet18, resnet50] = [networkOf(18), networkOf(50)];

  beforeAll(async () => {
    await open();
    for (const [depth, network] of [[18, resnet18] as const, [50, resnet50] as const]) {
      writeTensors(fileOf(depth), formulaTensors(timmResnetShapes(depth)));
      await readTimmWeights(fileOf(depth), { ...network, published: PUBLISHED_RESNET });
    }
  }, 60_000);

  it('in inference with basic blocks and with bottlenecks', () => {
    resnet18.expectInference(expected.images, expected.inference);
    resnet50.expectInference(expected.images, expected.inference50);
  });

  it('in training: maps, batch statistics and gradients', () => {
    resnet18.expectTraining(expected, {
      gradients: {
        'conv1.weight': 'conv1.kernel',
        'bn1.weight': 'bn1.scale',
        'layer1.0.conv1.weight': 'layer1.0.conv1.kernel',
        'layer1.1.bn2.bias': 'layer1.1.bn2.offset',
        'layer2.0.conv1.weight': 'layer2.0.conv1.kernel',
        'layer2.0.downsample.0.weight': 'layer2.0.downsample.conv.kernel',
        'layer3.0.downsample.1.weight': 'layer3.0.downsample.norm.scale',
        'layer3.1.conv2.weight': 'layer3.1.conv2.kernel',
        'layer4.0.conv2.weight': 'layer4.0.conv2.kernel',
        'layer4.1.bn2.bias': 'layer4.1.bn2.offset',
      },
      running: {
        'bn1.running_mean': 'bn1.mean',
        'layer4.1.bn2.running_var': 'layer4.1.bn2.variance',
      },
    });
  });

  it('gives for a grey image what it gives for the same image as red, green and blue', async () => {
    const width = 4;
    const file = join(folder, 'narrow.safetensors');
    writeTensors(file, formulaTensors(timmResnetShapes(18, width)));
    const images = tf.randomUniform([1, 64, 32, 1], -1, 1, 'float32', 3) as tf.Tensor4D;
    const maps = [1, 3].map(async (inputChannels) => {
      const layout = new ParameterLayout();
      const scope = new ParameterScope(layout, 'backbone');
      const stages = resnetStages({ depth: 18, width }, { scope, inputChannels });
      const parameters = new Float32Array(layout.parameterCount);
      const statistics = new Float32Array(layout.statisticCount);
      await readTimmWeights(file, { layout, parameters, statistics, published: PUBLISHED_RESNET });
      return tf.tidy(() => {
        const pass = forwardPass(
          layout,
          unflatten(tf.tensor1d(parameters), layout.parameters),
          unflatten(tf.tensor1d(statistics), layout.statistics),
        );
        return stages(tf.tile(images, [1, 1, 1, inputChannels]), pass)[3]!.dataSync();
      });
    });
    const [grey, colour] = await Promise.all(maps);
    const largest = Math.max(...colour!.map(Math.abs));
    for (const [i, value] of grey!.entries())
      expect(Math.abs(value - colour![i]!) / largest).toBeLessThan(1e-5);
  });
});

describe('the decoder', () => {
  it('is what a published file leaves fresh, by name', async () => {
    const layout = new ParameterLayout();
    const scope = new ParameterScope(layout, 'backbone');
    const { published } = resnet.create({ depth: 50, width: 4, channels: 8 }, { scope, inputChannels: 1 });
    const parameters = new Float32Array(layout.parameterCount);
    const statistics = new Float32Array(layout.statisticCount);
    const file = join(folder, 'bottlenecks.safetensors');
    writeTensors(file, formulaTensors(timmResnetShapes(50, 4)));
    const { fresh } = await readTimmWeights(file, { layout, parameters, statistics, published: published! });
    expect(fresh).toHaveLength(10);
    expect(fresh).toContain('decoder.laterals.3.kernel');
    expect(fresh).toContain('decoder.smooth.bias');
  });
});
