import { createHash } from 'node:crypto';
import type { OpAttribute, TensorFlowBinding } from '../native/tensorflow.ts';
import type { AttributeValue } from './attribute.ts';
import { inferredAttributes } from './inferred-attributes.ts';
import type { Constant, RecordedOp, Recording } from './recording.ts';

/** One output of a node: `node:index`. */
export type Reference = string;

export interface TensorType {
  readonly shape: readonly number[];
  /** TensorFlow's `DataType`. */
  readonly dtype: number;
}

export function numbersOf({ shape }: TensorType): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** A node of a TensorFlow `GraphDef`. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly Reference[];
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  readonly outputs: readonly TensorType[];
  /** The numbers of a constant. */
  readonly constant?: Constant;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  /** Of each wanted tensor. */
  readonly outputs: readonly Reference[];
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
  return { nodes: builder.nodes, outputs: outputIds.map((id) => builder.reference(id)) };
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
  private readonly references = new Map<number, Reference>();
  private readonly constantNodes = new Map<string, Reference>();
  private readonly binding: TensorFlowBinding;
  private readonly recording: Recording;

  constructor(binding: TensorFlowBinding, recording: Recording) {
    this.binding = binding;
    this.recording = recording;
  }

  addPlaceholder(name: string, id: number): void {
    const { shape, dtype } = this.recording.metadata.get(id)!;
    const attributes = { dtype: { type: dtype }, shape: { shape } };
    this.add({
      name,
      op: 'Placeholder',
      inputs: [],
      attributes: mapOf(attributes),
      outputs: [{ shape, dtype }],
    });
    this.references.set(id, `${name}:0`);
  }

  addOp({ op, attributes, inputIds, outputIds }: RecordedOp): void {
    const inputs = inputIds.map((id) => this.recording.metadata.get(id)!);
    const all = inferredAttributes(op, { inputs, outputCount: outputIds.length });
    for (const attribute of attributes) all.set(attribute.name, attributeValue(this.binding, attribute));
    const name = this.freshName(op);
    this.add({
      name,
      op,
      inputs: inputIds.map((id) => this.reference(id)),
      attributes: all,
      outputs: outputIds.map((id) => this.recording.metadata.get(id)!),
    });
    outputIds.forEach((id, index) => {
      this.references.set(id, `${name}:${index}`);
    });
  }

  reference(id: number): Reference {
    return this.references.get(id) ?? this.addConstant(this.recording.constants.get(id)!);
  }

  private addConstant(tensor: Constant): Reference {
    const digest = createHash('sha256').update(tensor.bytes).digest('hex');
    const key = `${tensor.dtype} [${tensor.shape}] ${digest}`;
    const known = this.constantNodes.get(key);
    if (known) return known;
    const name = this.freshName('Const');
    this.add(constantNode(name, tensor));
    this.constantNodes.set(key, `${name}:0`);
    return `${name}:0`;
  }

  private freshName(op: string): string {
    return `n${this.nodes.length}_${op}`;
  }

  private add(node: GraphNode): void {
    this.nodes.push(node);
  }
}

export function constantNode(name: string, tensor: Constant): GraphNode {
  const attributes = mapOf({ dtype: { type: tensor.dtype }, value: { tensor } });
  return { name, op: 'Const', inputs: [], attributes, outputs: [tensor], constant: tensor };
}

function mapOf(attributes: Readonly<Record<string, AttributeValue>>): Map<string, AttributeValue> {
  return new Map(Object.entries(attributes));
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
