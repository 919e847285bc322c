import type { GraphNode, Reference } from '../graph.ts';
import { type GraphEditor, nodeOf } from './graph-editor.ts';

const [FLOAT, BF16] = [1, 14];

/** Which inputs of a convolution are maps or kernels. */
const CONVOLUTIONS: Readonly<Record<string, readonly number[]>> = {
  Conv2D: [0, 1],
  Conv2DBackpropInput: [1, 2],
  Conv2DBackpropFilter: [0, 2],
};

/** Convolutions, forwards and (but for strided ones) backwards, in bfloat16; all else, sums inside a convolution too, stays float32. */
export function convolveInBf16(editor: GraphEditor): void {
  for (const node of editor.nodes()) {
    const operands = CONVOLUTIONS[node.op];
    if (operands !== undefined && isFaster(node)) convert(editor, editor.node(node.name)!, operands);
  }
}

/** TensorFlow has no fast kernel for the gradients of a convolution with explicit padding (those of stride 2). */
function isFaster({ op, attributes }: GraphNode): boolean {
  const padding = attributes.get('padding');
  return op === 'Conv2D' || (padding !== undefined && 'string' in padding && padding.string !== 'EXPLICIT');
}

function convert(editor: GraphEditor, node: GraphNode, operands: readonly number[]): void {
  const output = `${node.name}_float`;
  editor.redirect(`${node.name}:0`, `${output}:0`);
  const inputs = node.inputs.map((input, position) =>
    operands.includes(position) ? inBf16(editor, input) : input,
  );
  const [type] = node.outputs;
  editor.put({
    ...node,
    inputs,
    attributes: new Map(node.attributes).set('T', { type: BF16 }),
    outputs: [{ ...type!, dtype: BF16 }],
  });
  editor.put(castNode(output, `${node.name}:0`, [BF16, FLOAT], type!.shape));
}

/** The tensor in bf16, converted once for all who want it so. */
function inBf16(editor: GraphEditor, reference: Reference): Reference {
  const name = `${nodeOf(reference)}_${reference.slice(reference.lastIndexOf(':') + 1)}_bf16`;
  if (!editor.node(name)) {
    editor.put(castNode(name, reference, [FLOAT, BF16], editor.typeOf(reference).shape));
  }
  return `${name}:0`;
}

function castNode(
  name: string,
  input: Reference,
  [from, to]: readonly [number, number],
  shape: readonly number[],
): GraphNode {
  const attributes = new Map([
    ['SrcT', { type: from }],
    ['DstT', { type: to }],
  ]);
  return { name, op: 'Cast', inputs: [input], attributes, outputs: [{ shape, dtype: to }] };
}
