import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TensorFlowBinding, TensorMetadata } from '../native/tensorflow.ts';
import { type Graph, inputNode } from './graph.ts';
import { encodeGraph, encodeSavedModel, SAVED_MODEL_TAG } from './saved-model.ts';

/** A graph that TensorFlow has taken in. Tensors are the binding's ids. */
export interface Executable {
  run(inputIds: readonly number[]): TensorMetadata[];
  unload(): void;
}

/** @throws {Error} where TensorFlow refuses the graph. */
export type LoadGraph = (binding: TensorFlowBinding, graph: Graph, inputCount: number) => Executable;

/** As a session of its own. Its inputs and outputs go through the memory of the host, which on a processor is where they are. */
export const loadSession: LoadGraph = (binding, graph, inputCount) => {
  const id = loadSavedModel(binding, graph);
  const inputs = inputReferences(inputCount).join(',');
  const outputs = graph.outputs.join(',');
  return {
    run: (inputIds) => binding.runSavedModel(id, inputIds, inputs, outputs),
    unload: () => binding.deleteSavedModel(id),
  };
};

function loadSavedModel(binding: TensorFlowBinding, graph: Graph): number {
  const folder = mkdtempSync(join(tmpdir(), 'fsx-step-'));
  try {
    writeFileSync(join(folder, 'saved_model.pb'), encodeSavedModel(graph));
    return binding.loadSavedModel(folder, SAVED_MODEL_TAG);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

let functionCount = 0;

/** As a function, which is called as an op is: parameters and whatever else is on a GPU stay there between steps. */
export const loadFunction: LoadGraph = (binding, graph, inputCount) => {
  const name = `fsx_step_${functionCount++}`;
  const outputCount = graph.outputs.length;
  binding.addFunction!(name, encodeGraph(graph), inputReferences(inputCount), graph.outputs);
  return {
    run: (inputIds) => binding.executeOp(name, [], inputIds, outputCount),
    unload: () => binding.removeFunction!(name),
  };
};

function inputReferences(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${inputNode(index)}:0`);
}
