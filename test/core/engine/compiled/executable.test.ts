import { type NamedTensorMap, square, sum, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileTensorFunction } from '../../../../src/core/engine/compiled/compile.ts';
import { loadFunction, loadSession } from '../../../../src/core/engine/compiled/executable.ts';
import type { Graph } from '../../../../src/core/engine/compiled/graph.ts';
import { type LoadedBackend, loadBackend } from '../../../../src/core/engine/native/load-backend.ts';
import { findNativeBinding } from '../../../../src/core/engine/provisioning/native-binding.ts';
import { nativeIsMissing } from '../native/open-native.ts';

const step = ({ x, y }: NamedTensorMap): NamedTensorMap => {
  const product = (x as Tensor).matMul(y as Tensor);
  return { product, loss: sum(square(product)), same: x as Tensor };
};

describe.skipIf(nativeIsMissing)('a graph as a function of TensorFlow, which keeps tensors on a GPU', () => {
  let loaded: LoadedBackend;
  beforeAll(async () => {
    const { path } = (await findNativeBinding())!;
    loaded = await loadBackend(path, { threads: 1, visible: '-1' });
  });

  test('gives what a session gives', () => {
    const context = { ...loaded, precision: 'float32', label: 'step' } as const;
    const inputs = {
      x: tensor([
        [1, 2],
        [3, 4],
      ]),
      y: tensor([
        [0.5, -1],
        [2, 3],
      ]),
    };
    const values = (loadGraph: typeof loadSession) => {
      const compiled = compileTensorFunction({ ...context, loadGraph }, step);
      const runs = [compiled(inputs), compiled(inputs)];
      return runs.map((outputs) => Object.values(outputs).map((output) => output.arraySync()));
    };
    expect(values(loadFunction)).toEqual(values(loadSession));
  });

  test('is gone once it is unloaded, and leaves others alone', () => {
    const { binding } = loaded.backend;
    const placeholder = {
      ...{ name: 'input0', op: 'Placeholder', inputs: [], outputs: [{ shape: [2], dtype: 1 }] },
      attributes: new Map([['dtype', { type: 1 }]]),
    };
    const negative = {
      ...{ name: 'n', op: 'Neg', inputs: ['input0:0'], outputs: [{ shape: [2], dtype: 1 }] },
      attributes: new Map([['T', { type: 1 }]]),
    };
    const graph: Graph = { nodes: [placeholder, negative], outputs: ['n:0'] };
    const [first, second] = [loadFunction(binding, graph, 1), loadFunction(binding, graph, 1)];
    const ids = loaded.backend.getInputTensorIds([tensor([1, 2])]);
    first.unload();
    expect(() => first.run(ids)).toThrow();
    const [output] = second.run(ids);
    expect(Array.from(binding.tensorDataSync(output!.id))).toEqual([-1, -2]);
  });

  test('that TensorFlow refuses is an error', () => {
    const nonsense = { name: 'n', op: 'NoSuchOp', inputs: [], outputs: [], attributes: new Map() };
    const load = () => loadFunction(loaded.backend.binding, { nodes: [nonsense], outputs: ['n:0'] }, 0);
    expect(load).toThrow('NoSuchOp');
  });
});
