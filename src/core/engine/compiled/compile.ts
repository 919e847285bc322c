import { dispose, type NamedTensorMap, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { TensorFunction } from '../engine.ts';
import type { TensorFlowBackend } from '../native/tensorflow.ts';
import type { Executable, LoadGraph } from './executable.ts';
import { buildGraph, type Graph } from './graph.ts';
import { capturedTensor, type Recording, record } from './recording.ts';
import { type RewriteOptions, rewriteGraph } from './rewrites/rewrite.ts';

export interface CompileContext extends RewriteOptions {
  readonly backend: TensorFlowBackend;
  readonly loadGraph: LoadGraph;
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
  private readonly loadGraph: LoadGraph;
  private readonly hasFetches: boolean;
  private graph: Graph | undefined;
  private executable: Executable | undefined;

  constructor(
    { backend, loadGraph, label, ...rewriting }: CompileContext,
    recording: Recording,
    inputNames: readonly string[],
    inputs: NamedTensorMap,
    result: NamedTensorMap,
  ) {
    this.backend = backend;
    this.loadGraph = loadGraph;
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
    this.hasFetches = fetchedIds.length > 0;
  }

  /** Does nothing from the second call on. */
  load(): void {
    if (this.graph === undefined) return;
    const executable = this.loadGraph(this.backend.binding, this.graph, this.inputNames.length);
    this.executable = executable;
    this.graph = undefined;
    unloadCollected.register(this, executable.unload);
  }

  run(inputs: NamedTensorMap): NamedTensorMap {
    const fetched = this.hasFetches ? this.runGraph(inputs) : [];
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
    const outputs = this.executable!.run(ids);
    return outputs.map((metadata) => this.backend.createOutputTensor(metadata));
  }
}
