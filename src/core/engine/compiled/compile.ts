import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dispose, type NamedTensorMap, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { TensorFunction } from '../engine.ts';
import type { TensorFlowBackend, TensorFlowBinding } from '../native/tensorflow.ts';
import { buildGraph, type Graph, inputNode } from './graph.ts';
import { capturedTensor, type Recording, record } from './recording.ts';
import { type RewriteOptions, rewriteGraph } from './rewrites/rewrite.ts';
import { encodeSavedModel, SAVED_MODEL_TAG } from './saved-model.ts';

export interface CompileContext extends RewriteOptions {
  readonly backend: TensorFlowBackend;
  /** What is compiled, for people. */
  readonly label: string;
}

/**
 * The function as one TensorFlow graph for each signature of its inputs (names, shapes, dtypes). The first call of a
 * signature is recorded while it runs eagerly; then, as in every later call, the graph gives the results. A function
 * that no graph can do runs eagerly, with one warning.
 *
 * @throws {EngineError} on the first call, where the function uses a tensor that is not an input.
 */
export function compileTensorFunction(context: CompileContext, run: TensorFunction): TensorFunction {
  const { backend, label } = context;
  const { binding } = backend;
  const programs = new Map<string, Program>();
  let isEager = false;

  const fallBack = (reason: string): void => {
    isEager = true;
    process.emitWarning(`step "${label}" runs eagerly, which is slower: ${reason}`, {
      type: 'FsxWarning',
      code: 'FSX_ENGINE_STEP_EAGER',
    });
  };
  const runProgram = (program: Program, inputs: NamedTensorMap): NamedTensorMap => {
    try {
      program.load();
    } catch (error) {
      fallBack(`TensorFlow refuses its graph (${(error as Error).message})`);
      return runEagerly(run, inputs);
    }
    return program.run(inputs);
  };
  return (inputs) => {
    const isInsideAnotherRecording = backend.binding !== binding;
    if (isEager || isInsideAnotherRecording) return runEagerly(run, inputs);
    const names = Object.keys(inputs).sort();
    const signature = names
      .map((name) => `${name}: ${inputs[name]!.dtype} [${inputs[name]!.shape}]`)
      .join(', ');
    const known = programs.get(signature);
    if (known) return runProgram(known, inputs);
    const { recording, result } = recordStep(backend, label, names, inputs, run);
    if (recording.obstacle) {
      fallBack(recording.obstacle);
      return result;
    }
    const program = new Program(context, recording, names, inputs, result);
    programs.set(signature, program);
    // The graph's results from the first call on: eager kernels round otherwise, and a resumed run would differ.
    dispose(result);
    return runProgram(program, inputs);
  };
}

/** Each output is a tensor of its own, also where the function returns an input, or one tensor twice. */
function runEagerly(run: TensorFunction, inputs: NamedTensorMap): NamedTensorMap {
  return tidy(() =>
    Object.fromEntries(Object.entries(run(inputs)).map(([name, tensor]) => [name, tensor.clone()])),
  );
}

function recordStep(
  backend: TensorFlowBackend,
  label: string,
  names: readonly string[],
  inputs: NamedTensorMap,
  run: TensorFunction,
) {
  return record(
    backend,
    label,
    names.map((name) => inputs[name]!),
    () => {
      const outputs = runEagerly(run, inputs);
      backend.getInputTensorIds(Object.values(outputs));
      return outputs;
    },
  );
}

const unloadCollected = new FinalizationRegistry<() => void>((unload) => unload());

class Program {
  private readonly backend: TensorFlowBackend;
  private readonly inputNames: readonly string[];
  /** For each output, the input that it is or else its position among what the graph computes. */
  private readonly outputs: ReadonlyMap<string, { readonly input: string } | { readonly fetch: number }>;
  private readonly fetches: string;
  private graph: Graph | undefined;
  private modelId: number | undefined;

  constructor(
    { backend, label, ...rewriting }: CompileContext,
    recording: Recording,
    inputNames: readonly string[],
    inputs: NamedTensorMap,
    result: NamedTensorMap,
  ) {
    this.backend = backend;
    this.inputNames = inputNames;
    const idOf = (tensor: Tensor) => backend.getInputTensorIds([tensor])[0]!;
    const inputIds = inputNames.map((name) => idOf(inputs[name]!));
    const fetchedIds: number[] = [];
    const sourceOf = (tensor: Tensor) => {
      const id = idOf(tensor);
      if (!recording.metadata.has(id)) throw capturedTensor(label, tensor.shape);
      const input = inputNames[inputIds.indexOf(id)];
      if (input !== undefined) return { input };
      if (!fetchedIds.includes(id)) fetchedIds.push(id);
      return { fetch: fetchedIds.indexOf(id) };
    };
    this.outputs = new Map(Object.entries(result).map(([name, tensor]) => [name, sourceOf(tensor)]));
    const graph = buildGraph(backend.binding, recording, inputIds, fetchedIds);
    this.graph = rewriteGraph(graph, rewriting);
    this.fetches = this.graph.outputs.join(',');
  }

  /** Does nothing from the second call on. */
  load(): void {
    if (this.graph === undefined) return;
    const { binding } = this.backend;
    const id = loadGraph(binding, this.graph);
    this.modelId = id;
    this.graph = undefined;
    unloadCollected.register(this, () => binding.deleteSavedModel(id));
  }

  run(inputs: NamedTensorMap): NamedTensorMap {
    const fetched = this.fetches === '' ? [] : this.runGraph(inputs);
    const isTaken = fetched.map(() => false);
    const take = (position: number): Tensor => {
      const tensor = fetched[position]!;
      if (isTaken[position]) return tensor.clone();
      isTaken[position] = true;
      return tensor;
    };
    return Object.fromEntries(
      Array.from(this.outputs, ([name, source]) => [
        name,
        'input' in source ? inputs[source.input]!.clone() : take(source.fetch),
      ]),
    );
  }

  private runGraph(inputs: NamedTensorMap): Tensor[] {
    const ids = this.backend.getInputTensorIds(this.inputNames.map((name) => inputs[name]!));
    const nodes = this.inputNames.map((_, index) => `${inputNode(index)}:0`).join(',');
    const outputs = this.backend.binding.runSavedModel(this.modelId!, ids, nodes, this.fetches);
    return outputs.map((metadata) => this.backend.createOutputTensor(metadata));
  }
}

function loadGraph(binding: TensorFlowBinding, graph: Graph): number {
  const folder = mkdtempSync(join(tmpdir(), 'fsx-step-'));
  try {
    writeFileSync(join(folder, 'saved_model.pb'), encodeSavedModel(graph));
    return binding.loadSavedModel(folder, SAVED_MODEL_TAG);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
