import { DataType } from '../data-type.ts';
import type { GraphNode } from '../graph.ts';
import type { GraphEditor } from './graph-editor.ts';

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
  const name = `${node.name}_bf16`;
  editor.remove(node.name);
  editor.put({
    ...node,
    name,
    inputs: node.inputs.map((input, position) =>
      operands.includes(position) ? editor.cast(input, DataType.bf16) : input,
    ),
    attributes: new Map(node.attributes).set('T', { type: DataType.bf16 }),
    outputs: node.outputs.map(({ shape }) => ({ shape, dtype: DataType.bf16 })),
  });
  editor.redirect(`${node.name}:0`, editor.cast(`${name}:0`, DataType.float));
}
