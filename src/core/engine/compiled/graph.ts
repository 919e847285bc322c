import { createHash } from 'node:crypto';
import type { OpAttribute, TensorFlowBinding } from '../native/tensorflow.ts';
import type { AttributeValue } from './attribute.ts';
import { inferredAttributes } from './inferred-attributes.ts';
import type { Constant, RecordedOp, Recording } from './recording.ts';

/** A node of a TensorFlow `GraphDef`. Inputs are `node` or `node:output`. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeValue>;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  /** `node:output` of each wanted tensor. */
  readonly outputs: readonly string[];
}

/** The name of the placeholder of the input at this position. */
export const inputNode = (index: number): string => `input${index}`;

/** The recorded ops that the outputs depend on, as a graph without state; equal constants become one node. */
export function buildGraph(
  binding: TensorFlowBinding,
  recording: Recording,
  inputIds: readonly number[],
  outputIds: readonly number[],
): Graph {
  const builder = new GraphBuilder(binding, recording);
  inputIds.forEach((id, index) => {
    builder.addPlaceholder(inputNode(index), id);
  });
  for (const op of liveOps(recording.ops, outputIds)) builder.addOp(op);
  const outputs = outputIds
    .map((id) => builder.reference(id))
    .map((name) => (name.includes(':') ? name : `${name}:0`));
  return { nodes: builder.nodes, outputs };
}

function liveOps(ops: readonly RecordedOp[], outputIds: readonly number[]): RecordedOp[] {
  const needed = new Set(outputIds);
  const live = ops.toReversed().filter(({ inputIds, outputIds: made }) => {
    const isNeeded = made.some((id) => needed.has(id));
    if (isNeeded) for (const id of inputIds) needed.add(id);
    return isNeeded;
  });
  return live.reverse();
}

class GraphBuilder {
  readonly nodes: GraphNode[] = [];
  private readonly references = new Map<number, string>();
  private readonly constantNodes = new Map<string, string>();
  private readonly binding: TensorFlowBinding;
  private readonly recording: Recording;

  constructor(binding: TensorFlowBinding, recording: Recording) {
    this.binding = binding;
    this.recording = recording;
  }

  addPlaceholder(name: string, id: number): void {
    const { shape, dtype } = this.recording.metadata.get(id)!;
    this.references.set(id, this.add('Placeholder', [], { dtype: { type: dtype }, shape: { shape } }, name));
  }

  addOp({ op, attributes, inputIds, outputIds }: RecordedOp): void {
    const inputs = inputIds.map((id) => this.recording.metadata.get(id)!);
    const all = inferredAttributes(op, { inputs, outputCount: outputIds.length });
    for (const attribute of attributes) all.set(attribute.name, attributeValue(this.binding, attribute));
    const name = this.add(
      op,
      inputIds.map((id) => this.reference(id)),
      Object.fromEntries(all),
    );
    outputIds.forEach((id, index) => {
      this.references.set(id, index === 0 ? name : `${name}:${index}`);
    });
  }

  reference(id: number): string {
    return this.references.get(id) ?? this.addConstant(this.recording.constants.get(id)!);
  }

  private addConstant(tensor: Constant): string {
    const digest = createHash('sha256').update(tensor.bytes).digest('hex');
    const key = `${tensor.dtype} [${tensor.shape}] ${digest}`;
    const known = this.constantNodes.get(key);
    if (known) return known;
    const name = this.add('Const', [], { dtype: { type: tensor.dtype }, value: { tensor } });
    this.constantNodes.set(key, name);
    return name;
  }

  private add(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>>,
    name = `n${this.nodes.length}_${op}`,
  ): string {
    this.nodes.push({ name, op, inputs, attributes: new Map(Object.entries(attributes)) });
    return name;
  }
}

function attributeValue(binding: TensorFlowBinding, { name, type, value }: OpAttribute): AttributeValue {
  switch (type) {
    case binding.TF_ATTR_TYPE:
      return { type: value as number };
    case binding.TF_ATTR_INT:
      return Array.isArray(value) ? { ints: value } : { int: value as number };
    case binding.TF_ATTR_FLOAT:
      return Array.isArray(value) ? { floats: value } : { float: value as number };
    case binding.TF_ATTR_BOOL:
      return { bool: value as boolean };
    case binding.TF_ATTR_STRING:
      return { string: value as string };
    case binding.TF_ATTR_SHAPE:
      return { shape: value as readonly number[] };
    default:
      throw new TypeError(`attribute ${name} has a type that is not known: ${type}`);
  }
}
