import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { forwardPass, unflatten } from '../../../src/core/nn/forward.ts';
import { type ForwardPass, ParameterLayout, ParameterScope } from '../../../src/core/nn/parameters.ts';
import { encodeSafetensors, type NamedTensor } from '../../../src/core/training/safetensors.ts';
import { expectSummary, type Summary } from '../../support/expect-close.ts';
import { formula } from '../../support/formula.ts';

/**
 * timm ran in float64, the engines run in float32: 1e-7 of rounding, grown by up to 300 layers, and differently on
 * processors with other instructions. PyTorch in float32 is about as far from the fixture; of single elements of the
 * gradients up to 0.1. Weights that differ by 2e-7 move the norm of a gradient by up to 1.5e-3 and the whole gradient by up
 * to 1.5e-2, within an engine as between them.
 */
const MAP_TOLERANCE = 2e-4;
const GRADIENT_TOLERANCE = { tolerance: 5e-3, elements: 0.1 };

/** What `passes` in test/fixtures/timm_network.py stores. */
interface TimmFixture {
  readonly images: readonly number[];
  readonly training: readonly Summary[];
  readonly loss: number;
  readonly gradients: Readonly<Record<string, Summary>>;
  readonly running: Readonly<Record<string, Summary>>;
}

/** For some tensors of timm's, our names within the backbone. */
type Names = Readonly<Record<string, string>>;

type Maps = readonly tf.Tensor4D[];
type Network = (images: tf.Tensor4D, pass: ForwardPass) => Maps;

/** A network declared for colour images under the name `backbone`, with vectors to be filled from a file. */
export class TimmNetwork {
  readonly layout = new ParameterLayout();
  readonly parameters: Float32Array;
  readonly statistics: Float32Array;
  readonly #network: Network;

  constructor(declare: (context: { scope: ParameterScope; inputChannels: number }) => Network) {
    this.#network = declare({ scope: new ParameterScope(this.layout, 'backbone'), inputChannels: 3 });
    this.parameters = new Float32Array(this.layout.parameterCount);
    this.statistics = new Float32Array(this.layout.statisticCount);
  }

  expectInference(images: readonly number[], expected: readonly Summary[]): void {
    tf.tidy(() => {
      const statistics = unflatten(tf.tensor1d(this.statistics), this.layout.statistics);
      const pass = forwardPass(this.layout, this.#blocks(), statistics);
      expectMaps(this.#network(imagesOf(images), pass), expected);
    });
  }

  /** Maps, loss, gradients and running statistics of one pass in training. */
  expectTraining(fixture: TimmFixture, names: { readonly gradients: Names; readonly running: Names }): void {
    tf.tidy(() => {
      const observed = new Map<string, tf.Tensor>();
      let maps: Maps = [];
      const { value, grads } = tf.valueAndGrads((...blocks: tf.Tensor[]) => {
        maps = this.#network(imagesOf(fixture.images), forwardPass(this.layout, blocks, [], observed));
        for (const tensor of [...maps, ...observed.values()]) tf.keep(tensor);
        return mixed(maps);
      })(this.#blocks());
      expect(Math.abs(value.dataSync()[0]! / fixture.loss - 1)).toBeLessThan(MAP_TOLERANCE);
      expectMaps(maps, fixture.training);
      this.#expectGradients(grads, fixture, names.gradients);
      expectRunningStatistics(observed, fixture, names.running);
      tf.dispose([...maps, ...observed.values()]);
    });
  }

  #blocks(): tf.Tensor[] {
    return unflatten(tf.tensor1d(this.parameters), this.layout.parameters);
  }

  #expectGradients(gradients: readonly tf.Tensor[], fixture: TimmFixture, names: Names): void {
    expect(Object.keys(names).sort()).toEqual(Object.keys(fixture.gradients).sort());
    for (const [timmName, name] of Object.entries(names)) {
      const index = this.layout.parameters.findIndex((slot) => slot.name === `backbone.${name}`);
      const gradient = gradients[index]!;
      const ordered = gradient.rank === 4 ? tf.transpose(gradient, [3, 2, 0, 1]) : gradient;
      expectSummary(ordered, fixture.gradients[timmName]!, GRADIENT_TOLERANCE, timmName);
    }
  }
}

/** Tensors of these names with the weights of test/fixtures/timm_network.py. */
export function formulaTensors(shapes: ReadonlyMap<string, readonly number[]>): NamedTensor[] {
  return [...shapes].map(([name, shape]) => ({ name, shape, values: formulaWeights(name, shape) }));
}

/** Of the names and shapes, as the fixture has it. */
export function namesDigest(shapes: ReadonlyMap<string, readonly number[]>): string {
  const lines = [...shapes].map(([name, shape]) => `${name}[${shape}]`).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

export function ones(name: string, shape: readonly number[]): NamedTensor {
  return { name, shape, values: new Float32Array(sizeOf(shape)).fill(1) };
}

export function writeTensors(file: string, tensors: readonly NamedTensor[]): void {
  writeFileSync(file, Buffer.concat(encodeSafetensors({ tensors, metadata: {} })));
}

function formulaWeights(name: string, shape: readonly number[]): Float32Array {
  const values = formula(name, sizeOf(shape));
  if (name.endsWith('running_mean')) return values.map((u) => (u - 0.5) * 0.25);
  const scale = 4 / Math.sqrt(sizeOf(shape.slice(1)));
  if (shape.length === 4) return values.map((u) => (u - 0.5) * Math.fround(scale));
  return values.map((u) => (name.endsWith('bias') ? (u - 0.5) * 0.5 : u + 0.5));
}

function imagesOf(shape: readonly number[]): tf.Tensor4D {
  return fromPytorchOrder('images', shape, 0.5);
}

/** The scalar whose gradient the fixture has: every map against a fixed mixture. */
function mixed(maps: Maps): tf.Scalar {
  const means = maps.map((map, index) => {
    const [batch, height, width, channels] = map.shape;
    const mixture = fromPytorchOrder(`mixture${index}`, [batch, channels, height, width], 0);
    return tf.mean(tf.mul(map, mixture));
  });
  return tf.addN(means) as tf.Scalar;
}

function expectMaps(maps: Maps, expected: readonly Summary[]): void {
  expect(maps).toHaveLength(expected.length);
  for (const [index, map] of maps.entries()) {
    const ordered = tf.transpose(map, [0, 3, 1, 2]);
    expectSummary(ordered, expected[index]!, { tolerance: MAP_TOLERANCE }, `map ${index}`);
  }
}

/** PyTorch's running statistics are 0.9 of the old ones and 0.1 of the batch's. */
function expectRunningStatistics(
  observed: ReadonlyMap<string, tf.Tensor>,
  fixture: TimmFixture,
  names: Names,
): void {
  for (const [timmName, name] of Object.entries(names)) {
    const seen = observed.get(`backbone.${name}`)!;
    const old = tf.tensor(formulaWeights(timmName, seen.shape), seen.shape);
    const running = tf.add(tf.mul(old, 0.9), tf.mul(seen, 0.1));
    expectSummary(running, fixture.running[timmName]!, { tolerance: MAP_TOLERANCE }, timmName);
  }
}

function fromPytorchOrder(name: string, shape: readonly number[], below: number): tf.Tensor4D {
  const values = formula(name, sizeOf(shape)).map((u) => u - below);
  return tf.transpose<tf.Tensor>(tf.tensor(values, [...shape]), [0, 2, 3, 1]) as tf.Tensor4D;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
