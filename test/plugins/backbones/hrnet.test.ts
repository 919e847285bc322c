import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createRegistry } from '../../../src/composition.ts';
import { buildModel } from '../../../src/core/nn/landmark-model.ts';
import { readTimmWeights } from '../../../src/core/nn/timm-weights.ts';
import type { PluginReference } from '../../../src/core/plugins/definition.ts';
import type { NamedTensor } from '../../../src/core/training/safetensors.ts';
import { hrnetBranches, PUBLISHED_HRNET } from '../../../src/plugins/backbones/hrnet.ts';
import expected from '../../fixtures/hrnet/expected.json' with { type: 'json' };
import { ENGINES } from '../../support/engines.ts';
import { timmHrnetShapes } from './timm-names.ts';
import { formulaTensors, namesDigest, ones, TimmNetwork, writeTensors } from './timm-network.ts';

const folder = mkdtempSync(join(tmpdir(), 'fsx-hrnet-'));
const file = join(folder, 'hrnet_w18.safetensors');
afterAll(() => rmSync(folder, { recursive: true }));

const w18 = new TimmNetwork((context) =>
  hrnetBranches(
    {
      ...{ width: 18, modules: [1, 4, 3], blocks: 4, stemWidth: 64, narrowStem: false, bottlenecks: 4 },
      upsampling: 'nearest',
    },
    context,
  ),
);

/** Ten million numbers, made once. */
let tensors: readonly NamedTensor[];
beforeAll(() => {
  tensors = formulaTensors(timmHrnetShapes());
}, 60_000);

describe('published weights', () => {
  const target = { ...w18, published: PUBLISHED_HRNET };

  it('carry the names and shapes that timm gives them', () => {
    expect(namesDigest(timmHrnetShapes())).toBe(expected.names);
  });

  it('fill the whole network, and the classifier after it is left aside', async () => {
    const rest = [ones('classifier.bias', [1000]), ones('bn1.num_batches_tracked', [])];
    writeTensors(file, [...tensors, ...rest]);
    expect(await readTimmWeights(file, target)).toEqual({ fresh: [], unexpected: [] });
  });

  it('that lack a layer or are of another width are refused, and the blocks are named', async () => {
    const rest = tensors.filter(({ name }) => !/^(transition1.1.0.0|conv1).weight/.test(name));
    writeTensors(file, [...rest, ones('conv1.weight', [32, 3, 3, 3]), ones('stage5.0.bn1.weight', [3])]);
    await expect(readTimmWeights(file, target)).rejects.toMatchObject({
      code: 'FSX_WEIGHTS_MISMATCH',
      message: [
        `the weights in ${file} are those of another network:`,
        '  missing: transition1.1.0.conv.kernel',
        '  of another shape: conv1.weight [3,3,3,32], not [3,3,3,64]',
        '  unexpected: stage5.0.bn1.weight',
      ].join('\n'),
    });
  });

  it('that are no such file are refused', async () => {
    await expect(readTimmWeights(join(folder, 'none'), target)).rejects.toMatchObject({
      code: 'FSX_WEIGHTS_UNREADABLE',
    });
  });
});

describe.each(ENGINES)('HRNet-W18 on %s computes what timm computes', (_name, open) => {
  beforeAll(async () => {
    await open();
    writeTensors(file, tensors);
    await readTimmWeights(file, { ...w18, published: PUBLISHED_HRNET });
  }, 60_000);

  it('in inference, by the stored statistics', () => {
    w18.expectInference(expected.images, expected.inference);
  }, 120_000);

  it('in training: maps, batch statistics and gradients', () => {
    w18.expectTraining(expected, {
      gradients: {
        'conv1.weight': 'stem1.conv.kernel',
        'bn2.bias': 'stem2.norm.offset',
        'layer1.0.downsample.0.weight': 'layer1.0.downsample.conv.kernel',
        'layer1.3.conv2.weight': 'layer1.3.conv2.kernel',
        'transition1.1.0.0.weight': 'transition1.1.0.conv.kernel',
        'stage2.0.branches.1.3.conv1.weight': 'stage2.0.branches.1.3.conv1.kernel',
        'stage2.0.fuse_layers.1.0.0.0.weight': 'stage2.0.fuse_layers.1.0.0.conv.kernel',
        'stage3.1.branches.2.0.bn1.weight': 'stage3.1.branches.2.0.bn1.scale',
        'stage3.3.fuse_layers.0.2.0.weight': 'stage3.3.fuse_layers.0.2.conv.kernel',
        'transition3.3.0.1.weight': 'transition3.3.0.norm.scale',
        'stage4.0.fuse_layers.3.0.1.0.weight': 'stage4.0.fuse_layers.3.0.1.conv.kernel',
        'stage4.2.branches.0.3.conv2.weight': 'stage4.2.branches.0.3.conv2.kernel',
        'stage4.2.branches.3.0.bn2.bias': 'stage4.2.branches.3.0.bn2.offset',
      },
      running: {
        'bn1.running_mean': 'stem1.norm.mean',
        'stage4.2.branches.3.3.bn2.running_var': 'stage4.2.branches.3.3.bn2.variance',
      },
    });
  }, 120_000);
});

describe('presets', () => {
  it.each([18, 32, 48] as const)('w%d has the parameters of timm up to the branches', async (width) => {
    const layout = await layoutOf({ type: 'hrnet', preset: `w${width}` });
    const ours = layout.filter(({ name }) => !name.startsWith('backbone.projection'));
    // timm counts colour images: two more input channels of the first 3x3 convolution to 64.
    const count = sum(ours) + 2 * 9 * 64;
    expect(count).toBe(expected.parameters[`${width}`]);
  });

  it.each([
    [32, 28.5],
    [48, 63.6],
  ] as const)(
    'w%d has the %s million parameters of the pose network of Sun et al. 2019',
    async (width, millions) => {
      const layout = await layoutOf({ type: 'hrnet', preset: `w${width}` });
      // Its last exchange has the finest branch alone as its target, and its heatmaps come of that branch.
      const pose = layout.filter(({ name }) => !/projection|stage4\.2\.fuse_layers\.[123]/.test(name));
      expect((sum(pose) + 2 * 9 * 64 + 17 * (width + 1)) / 1e6).toBeCloseTo(millions, 1);
    },
  );

  it('w18 is the default, and an option changes it where it is given', async () => {
    const named = await layoutOf({ type: 'hrnet', preset: 'w18' });
    expect(await layoutOf({ type: 'hrnet' })).toEqual(named);
    const changed = await layoutOf({ type: 'hrnet', preset: 'w48', width: 18, channels: null });
    expect(changed).toEqual(named);
  });

  it('small is the network of recipes/base/few-shot-dag.yaml', async () => {
    const recipe = parse(readFileSync('recipes/base/few-shot-dag.yaml', 'utf8'));
    const { backbone } = recipe.model;
    const small = await layoutOf({ type: 'hrnet', preset: 'small' });
    expect(await layoutOf(backbone)).toEqual(small);
    expect(sum(small) / 1e6).toBeCloseTo(0.401, 3);
  });
});

/** Names and sizes of what a backbone learns. */
async function layoutOf(backbone: PluginReference) {
  const anatomy = { landmarkCount: 3, meanShape: new Float32Array(6).fill(0.5), edges: [] };
  const { layout } = buildModel(await createRegistry(), { backbone, head: { type: 'dag' } }, anatomy);
  const own = layout.parameters.filter(({ name }) => name.startsWith('backbone.'));
  return own.map(({ name, shape, size }) => ({ name, shape, size }));
}

function sum(slots: readonly { readonly size: number }[]): number {
  return slots.reduce((total, { size }) => total + size, 0);
}
