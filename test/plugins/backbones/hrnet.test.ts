import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRegistry } from '../../../src/composition.ts';
import { forwardPass, unflatten } from '../../../src/core/nn/forward.ts';
import { buildModel, initialParameters, initialStatistics } from '../../../src/core/nn/landmark-model.ts';
import { ParameterLayout, ParameterScope } from '../../../src/core/nn/parameters.ts';
import { readTimmWeights } from '../../../src/core/nn/timm-weights.ts';
import { encodeSafetensors, type NamedTensor } from '../../../src/core/training/safetensors.ts';
import { hrnetBranches } from '../../../src/plugins/backbones/hrnet.ts';
import expected from '../../fixtures/hrnet/expected.json' with { type: 'json' };
import { ENGINES } from '../../support/engines.ts';
import { expectSummary } from '../../support/expect-close.ts';
import { formula } from '../../support/formula.ts';
import { timmHrnetShapes } from './timm-names.ts';

/**
 * timm ran in float64, the engines run in float32: 1e-7 of rounding, grown by some 300 layers. PyTorch in float32 is
 * about as far from the fixture.
 */
const MAP_TOLERANCE = 2e-4;
const GRADIENT_TOLERANCE = { tolerance: 2e-3, elements: 2e-2 };

const folder = mkdtempSync(join(tmpdir(), 'fsx-hrnet-'));
const file = join(folder, 'hrnet_w18.safetensors');
afterAll(() => rmSync(folder, { recursive: true }));

const layout = new ParameterLayout();
const w18 = {
  width: 18,
  modules: [1, 4, 3] as [number, number, number],
  blocks: 4,
  stemWidth: 64,
  narrowStem: false,
  bottlenecks: 4,
  upsampling: 'nearest' as const,
};
const branches = hrnetBranches(w18, {
  scope: new ParameterScope(layout, 'backbone'),
  inputChannels: 3,
});
const weights = {
  parameters: new Float32Array(layout.parameterCount),
  statistics: new Float32Array(layout.statisticCount),
};

beforeAll(() => {
  timmTensors();
}, 60_000);

describe('published weights', () => {
  it('carry the names and shapes that timm gives them', () => {
    const lines = [...timmHrnetShapes()].map(([name, shape]) => `${name}[${shape}]`).sort();
    expect(createHash('sha256').update(lines.join('\n')).digest('hex')).toBe(expected.names);
  });

  it('fill the whole network, and the classifier after it is left aside', async () => {
    writeFile([...timmTensors(), ones('classifier.bias', [1000]), ones('bn1.num_batches_tracked', [])]);
    const match = await readTimmWeights(file, layout, weights);
    expect(match).toEqual({ missing: [], unexpected: [] });
    expect(layout.parameterCount).toBe(9_562_260);
    expect(expected.parameters).toBe(9_562_260);
  });

  it('that lack a layer or have one too many are told by name', async () => {
    const tensors = timmTensors().filter(({ name }) => name !== 'transition1.1.0.0.weight');
    writeFile([...tensors, ones('stage5.0.bn1.weight', [3])]);
    const vectors = { parameters: weights.parameters.slice(), statistics: weights.statistics.slice() };
    const match = await readTimmWeights(file, layout, vectors);
    expect(match.missing).toEqual(['backbone.transition1.1.0.conv.kernel']);
    expect(match.unexpected).toEqual(['stage5.0.bn1.weight']);
  });

  it('of another width, and files that are none, are refused', async () => {
    writeFile([ones('conv1.weight', [32, 3, 3, 3])]);
    await expect(readTimmWeights(file, layout, weights)).rejects.toThrow(
      /conv1\.weight.*\[3,3,3,32\].*backbone\.stem1\.conv\.kernel has \[3,3,3,64\]/,
    );
    await expect(readTimmWeights(join(folder, 'none'), layout, weights)).rejects.toMatchObject({
      code: 'FSX_WEIGHTS_UNREADABLE',
    });
  });
});

describe.each(ENGINES)('HRNet-W18 on %s computes what timm computes', (_name, open) => {
  beforeAll(async () => {
    await open();
    writeFile(timmTensors());
    await readTimmWeights(file, layout, weights);
  }, 60_000);

  it('in inference, by the stored statistics', () => {
    tf.tidy(() => {
      const pass = forwardPass(
        layout,
        blocks(),
        unflatten(tf.tensor1d(weights.statistics), layout.statistics),
      );
      const maps = branches(images(), pass);
      for (const [branch, map] of maps.entries()) {
        expectSummary(
          pytorchOrder(map),
          expected.inference[branch]!,
          { tolerance: MAP_TOLERANCE },
          `branch ${branch}`,
        );
      }
    });
  }, 120_000);

  it('in training: maps, batch statistics and gradients', () => {
    tf.tidy(() => {
      const observed = new Map<string, tf.Tensor>();
      let maps: readonly tf.Tensor4D[] = [];
      const { value, grads } = tf.valueAndGrads((...parameters: tf.Tensor[]) => {
        maps = branches(images(), forwardPass(layout, parameters, [], observed));
        for (const tensor of [...maps, ...observed.values()]) tf.keep(tensor);
        return mixed(maps);
      })(blocks());
      expect(Math.abs(value.dataSync()[0]! / expected.loss - 1)).toBeLessThan(MAP_TOLERANCE);
      for (const [branch, map] of maps.entries()) {
        expectSummary(
          pytorchOrder(map),
          expected.training[branch]!,
          { tolerance: MAP_TOLERANCE },
          `branch ${branch}`,
        );
      }
      expectGradients(grads);
      expectRunningStatistics(observed);
      tf.dispose([...maps, ...observed.values()]);
    });
  }, 120_000);
});

describe('sizes of networks that recipes name', () => {
  it('a network of width 9 has 0.93 million parameters with 6 landmarks', async () => {
    const small = {
      width: 9,
      modules: [1, 1, 1],
      blocks: 2,
      stemWidth: 32,
      narrowStem: true,
      bottlenecks: 1,
    };
    const model = buildModel(
      await createRegistry(),
      {
        backbone: { type: 'hrnet', ...small, channels: 64 },
        head: { type: 'dag', hidden: 128, blocks: 3, localSteps: 3 },
      },
      { landmarkCount: 6, meanShape: new Float32Array(12).fill(0.5), edges: [] },
    );
    expect(model.layout.parameterCount / 1e6).toBeCloseTo(0.93, 2);
    expect(initialParameters(model.layout, 1).every(Number.isFinite)).toBe(true);
    expect(initialStatistics(model.layout).every((value) => value === 0 || value === 1)).toBe(true);
  });
});

let made: NamedTensor[] | undefined;

/** Ten million numbers, made once. */
function timmTensors(): NamedTensor[] {
  made ??= [...timmHrnetShapes()].map(([name, shape]) => ({ name, shape, values: timmValues(name, shape) }));
  return made;
}

/** The weights of `make_fixture.py`. */
function timmValues(name: string, shape: readonly number[]): Float32Array {
  const values = formula(name, sizeOf(shape));
  if (name.endsWith('running_mean')) return values.map((u) => (u - 0.5) * 0.25);
  const scale = 4 / Math.sqrt(sizeOf(shape.slice(1)));
  if (shape.length === 4) return values.map((u) => (u - 0.5) * Math.fround(scale));
  return values.map((u) => (name.endsWith('bias') ? (u - 0.5) * 0.5 : u + 0.5));
}

function ones(name: string, shape: readonly number[]): NamedTensor {
  return { name, shape, values: new Float32Array(sizeOf(shape)).fill(1) };
}

function writeFile(tensors: readonly NamedTensor[]): void {
  writeFileSync(file, Buffer.concat(encodeSafetensors({ tensors, metadata: {} })));
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

function blocks(): tf.Tensor[] {
  return unflatten(tf.tensor1d(weights.parameters), layout.parameters);
}

function images(): tf.Tensor4D {
  return fromPytorchOrder('images', expected.images, 0.5);
}

/** The scalar whose gradient the fixture has: every branch against a fixed mixture. */
function mixed(maps: readonly tf.Tensor4D[]): tf.Scalar {
  const means = maps.map((map, branch) => {
    const [batch, height, width, channels] = map.shape;
    const mixture = fromPytorchOrder(`mixture${branch}`, [batch, channels, height, width], 0);
    return tf.mean(tf.mul(map, mixture));
  });
  return tf.addN(means) as tf.Scalar;
}

function fromPytorchOrder(name: string, shape: readonly number[], below: number): tf.Tensor4D {
  const values = formula(name, sizeOf(shape)).map((u) => u - below);
  return tf.transpose<tf.Tensor>(tf.tensor(values, [...shape]), [0, 2, 3, 1]) as tf.Tensor4D;
}

function pytorchOrder(map: tf.Tensor): tf.Tensor {
  return tf.transpose(map, [0, 3, 1, 2]);
}

const SAMPLE_OF: Readonly<Record<keyof typeof expected.gradients, string>> = {
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
};

function expectGradients(gradients: readonly tf.Tensor[]): void {
  const index = new Map(layout.parameters.map(({ name }, i) => [name, i]));
  for (const [timmName, name] of Object.entries(SAMPLE_OF)) {
    const gradient = gradients[index.get(`backbone.${name}`)!]!;
    const ordered = gradient.rank === 4 ? tf.transpose(gradient, [3, 2, 0, 1]) : gradient;
    const summary = expected.gradients[timmName as keyof typeof SAMPLE_OF];
    expectSummary(ordered, summary, GRADIENT_TOLERANCE, timmName);
  }
}

/** PyTorch's running statistics are 0.9 of the old ones and 0.1 of the batch's. */
function expectRunningStatistics(observed: ReadonlyMap<string, tf.Tensor>): void {
  const names = {
    'bn1.running_mean': 'backbone.stem1.norm.mean',
    'stage4.2.branches.3.3.bn2.running_var': 'backbone.stage4.2.branches.3.3.bn2.variance',
  } as const;
  for (const [timmName, name] of Object.entries(names)) {
    const seen = observed.get(name)!;
    const old = tf.tensor(timmValues(timmName, seen.shape), seen.shape);
    const running = tf.add(tf.mul(old, 0.9), tf.mul(seen, 0.1));
    expectSummary(
      running,
      expected.running[timmName as keyof typeof names],
      { tolerance: MAP_TOLERANCE },
      timmName,
    );
  }
}
