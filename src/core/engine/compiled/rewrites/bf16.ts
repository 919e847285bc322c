import { BATCH_NORM, BATCH_NORM_GRAD } from '../../ops/batch-norm.ts';
import { DataType } from '../data-type.ts';
import type { GraphNode, Reference } from '../graph.ts';
import type { GraphEditor } from './graph-editor.ts';

/** How an op is brought into bfloat16. */
interface Lowering {
  /** The type attribute of each input that can change, by its position. */
  readonly inputs: Readonly<Record<number, string>>;
  /** The inputs that must be in bfloat16 already; all that can change when left out. */
  readonly needs?: readonly number[];
  /** The type attribute of the first output. */
  readonly output: string;
}

/** Always in bfloat16; sums inside of a convolution stay float32. */
const CONVOLUTIONS: Readonly<Record<string, Lowering>> = {
  Conv2D: { inputs: { 0: 'T', 1: 'T' }, output: 'T' },
  Conv2DBackpropInput: { inputs: { 1: 'T', 2: 'T' }, output: 'T' },
  Conv2DBackpropFilter: { inputs: { 0: 'T', 2: 'T' }, output: 'T' },
};

/** In bfloat16 where the maps are that they read. */
const CARRIERS: Readonly<Record<string, Lowering>> = {
  Add: { inputs: { 0: 'T', 1: 'T' }, output: 'T' },
  BiasAdd: { inputs: { 0: 'T', 1: 'T' }, needs: [0], output: 'T' },
  PadV2: { inputs: { 0: 'T', 2: 'T' }, needs: [0], output: 'T' },
  Relu: { inputs: { 0: 'T' }, output: 'T' },
  ReluGrad: { inputs: { 0: 'T', 1: 'T' }, output: 'T' },
  Slice: { inputs: { 0: 'T' }, output: 'T' },
};

/** Read every map in the type that it has, and write the type of the map in `needs`. */
const MIXED: Readonly<Record<string, Lowering>> = {
  [BATCH_NORM]: { inputs: { 0: 'X', 3: 'A' }, needs: [0], output: 'Y' },
  [BATCH_NORM_GRAD]: { inputs: { 0: 'DY', 1: 'X' }, needs: [1], output: 'DX' },
};

/**
 * Convolutions, forwards and (but for small strided ones) backwards, in bfloat16, and the maps between them as far as
 * they come from nothing else. All else stays float32.
 */
export function computeInBf16(editor: GraphEditor): void {
  for (const name of editor.namesInOrder()) {
    const node = editor.node(name)!;
    const { op } = node;
    if (op in CONVOLUTIONS && isFaster(node)) lower(editor, node, CONVOLUTIONS[op]!);
    else if (op in CARRIERS && hasWhatItNeeds(editor, node, CARRIERS[op]!))
      lower(editor, node, CARRIERS[op]!);
    else if (op in MIXED) lowerMixed(editor, node, MIXED[op]!);
  }
}

/** TensorFlow has no fast kernel for the gradients of a convolution with explicit padding (those of stride 2). */
function isFaster({ op, attributes }: GraphNode): boolean {
  const padding = attributes.get('padding');
  return op === 'Conv2D' || (padding !== undefined && 'string' in padding && padding.string !== 'EXPLICIT');
}

function hasWhatItNeeds(editor: GraphEditor, { inputs }: GraphNode, lowering: Lowering): boolean {
  const needs = lowering.needs ?? Object.keys(lowering.inputs).map(Number);
  return needs.every((position) => isLowered(editor, inputs[position]!));
}

/** Whether the tensor is a bfloat16 that was made wider. */
function isLowered(editor: GraphEditor, reference: Reference): boolean {
  const { op, inputs } = editor.producer(reference);
  return op === 'Cast' && editor.typeOf(inputs[0]!).dtype === DataType.bf16;
}

function lowerMixed(editor: GraphEditor, node: GraphNode, { inputs, needs, output }: Lowering): void {
  const lowered = Object.entries(inputs).filter(([position]) => {
    const reference = node.inputs[Number(position)];
    return reference !== undefined && isLowered(editor, reference);
  });
  const changes = { inputs: Object.fromEntries(lowered), output };
  if (hasWhatItNeeds(editor, node, { ...changes, needs: needs! })) lower(editor, node, changes);
  else lowerInputs(editor, node, changes);
}

/** Whoever wants the output as float32 gets it made wider. */
function lower(editor: GraphEditor, node: GraphNode, { inputs, output }: Lowering): void {
  const [first, ...others] = node.outputs;
  const outputs = [{ ...first!, dtype: DataType.bf16 }, ...others];
  const attributes = new Map(node.attributes).set(output, { type: DataType.bf16 });
  const reference = `${node.name}:0`;
  const users = editor.users(reference);
  lowerInputs(editor, { ...node, attributes, outputs }, { inputs });
  editor.redirect(reference, editor.cast(reference, DataType.float), users);
}

function lowerInputs(editor: GraphEditor, node: GraphNode, { inputs }: Pick<Lowering, 'inputs'>): void {
  const attributes = new Map(node.attributes);
  for (const attribute of Object.values(inputs)) attributes.set(attribute, { type: DataType.bf16 });
  editor.put({
    ...node,
    attributes,
    inputs: node.inputs.map((input, position) =>
      position in inputs ? editor.cast(input, DataType.bf16) : input,
    ),
  });
}
