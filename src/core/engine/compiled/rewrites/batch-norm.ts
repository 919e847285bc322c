import { BATCH_NORM, BATCH_NORM_GRAD } from '../../ops/batch-norm.ts';
import type { AttributeValue } from '../attribute.ts';
import type { GraphNode } from '../graph.ts';
import type { GraphEditor } from './graph-editor.ts';

/**
 * Batch norm with the ReLU after it, or with an addition and the ReLU after that (a residual block's end), in one op;
 * and in the gradient, where ReLU cuts it off by the sign of what batch norm gave.
 */
export function fuseBatchNorm(editor: GraphEditor): void {
  for (const node of editor.nodes()) {
    if (node.op === 'Relu') fuseForward(editor, node);
  }
  for (const node of editor.nodes()) {
    if (node.op === BATCH_NORM_GRAD) fuseGradient(editor, node);
  }
}

function fuseForward(editor: GraphEditor, relu: GraphNode): void {
  const before = editor.producer(relu.inputs[0]!);
  if (!editor.isOnlyFor(relu.inputs[0]!, relu)) return;
  if (isPlainBatchNorm(before) && relu.inputs[0]!.endsWith(':0')) becomeOne(editor, before, relu);
  else if (before.op === 'Add') fuseAddition(editor, before, relu);
}

function fuseAddition(editor: GraphEditor, addition: GraphNode, relu: GraphNode): void {
  const shape = String(addition.outputs[0]!.shape);
  for (const [operand, addend] of [addition.inputs, addition.inputs.toReversed()]) {
    const batchNorm = editor.producer(operand!);
    const fits = [operand!, addend!].every((reference) => String(editor.typeOf(reference).shape) === shape);
    if (!isPlainBatchNorm(batchNorm) || !operand!.endsWith(':0') || !fits) continue;
    if (!editor.isOnlyFor(operand!, addition) || editor.dependsOn(addend!, batchNorm.name)) continue;
    const attributes = withAttribute(batchNorm, 'addends', { int: 1 });
    const joined = { ...batchNorm, inputs: [...batchNorm.inputs, addend!], attributes };
    editor.remove(addition.name);
    becomeOne(editor, joined, relu);
    return;
  }
}

function becomeOne(editor: GraphEditor, batchNorm: GraphNode, relu: GraphNode): void {
  editor.remove(relu.name);
  editor.put({ ...batchNorm, attributes: withAttribute(batchNorm, 'relu', { bool: true }) });
  editor.redirect(`${relu.name}:0`, `${batchNorm.name}:0`);
}

/** Where an addition lies between batch norm and ReLU, the ReLU's gradient is needed on its own: it goes two ways. */
function fuseGradient(editor: GraphEditor, gradient: GraphNode): void {
  const [dy, ...inputs] = gradient.inputs;
  const cut = editor.producer(dy!);
  if (cut.op !== 'ReluGrad' || !editor.isOnlyFor(dy!, gradient)) return;
  const [arriving, output] = cut.inputs;
  const batchNorm = editor.producer(output!);
  const endsInRelu = batchNorm.op === BATCH_NORM && batchNorm.attributes.has('relu');
  const hasAddend = batchNorm.inputs.length > 3;
  if (!endsInRelu || hasAddend || !inputs.includes(`${batchNorm.name}:3`)) return;
  editor.remove(cut.name);
  const attributes = withAttribute(gradient, 'relu', { bool: true });
  editor.put({ ...gradient, inputs: [arriving!, ...inputs], attributes });
}

function isPlainBatchNorm({ op, attributes }: GraphNode): boolean {
  return op === BATCH_NORM && !attributes.has('relu');
}

function withAttribute(node: GraphNode, name: string, value: AttributeValue): Map<string, AttributeValue> {
  return new Map(node.attributes).set(name, value);
}
